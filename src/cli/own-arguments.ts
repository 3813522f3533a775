/**
 * Splits arguments into those of our own and the words of a command to run, which begin at the first word that is no
 * flag, or behind `--`. `valueFlags` are those of our flags that take the next argument as their value.
 */
export function ownArguments(
  argv: readonly string[],
  valueFlags: readonly string[],
): { own: readonly string[]; rest: readonly string[] } {
  let at = 0
  while (at < argv.length) {
    const argument = argv[at] ?? ''
    if (argument === '--') return { own: argv.slice(0, at), rest: argv.slice(at + 1) }
    if (!argument.startsWith('-')) break
    at += valueFlags.includes(argument) ? 2 : 1
  }
  return { own: argv.slice(0, at), rest: argv.slice(at) }
}
