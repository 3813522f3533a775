/** Words that a shell itself carries out, or that begin a compound command. */
const OF_THE_SHELL = new Set(
  `. : [ ! { alias bg bind break builtin case cd command continue declare dirs disown enable eval exec exit export fc fg for
  function getopts hash history if jobs let local logout popd pushd read readonly return select set shift shopt source
  suspend test time times trap type typeset ulimit umask unalias unset until wait while`.split(/\s+/),
)

const ASSIGNMENTS = /^(?:[A-Za-z_][A-Za-z0-9_]*=[\w./:@%+,-]*\s+)*/

/**
 * The command with `exec` before it where that is safe, so that no shell stands between an instance and its signals:
 * not every `sh -c` does so by itself. Anything with an operator, a substitution or a shell's own word stays as it is.
 */
export function withExec(command: string): string {
  const trimmed = command.trim()
  const assignments = ASSIGNMENTS.exec(trimmed)?.[0] ?? ''
  const rest = trimmed.slice(assignments.length)
  const first = /^[\w./@%+-]+(?=\s|$)/.exec(rest)?.[0]
  if (first === undefined || OF_THE_SHELL.has(first) || /[;&|<>()`\n]/.test(rest)) return command
  return `${assignments}exec ${rest}`
}
