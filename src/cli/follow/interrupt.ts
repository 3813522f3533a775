/** Exit code of a program that Ctrl-C ended. */
const INTERRUPTED = 130

/**
 * Does the work; Ctrl-C meanwhile ends this program only, with a word on what goes on without it.
 * `hint` is asked at that moment.
 */
export async function interruptible<T>(hint: () => string, work: () => Promise<T>): Promise<T> {
  const interrupted = () => {
    process.stderr.write(`\n${hint()}\n`)
    process.exit(INTERRUPTED)
  }
  process.on('SIGINT', interrupted)
  try {
    return await work()
  } finally {
    process.off('SIGINT', interrupted)
  }
}

/** What Ctrl-C says while a rollout is followed. */
export function goesOn(app: string): string {
  return `The rollout goes on. Look at it with \`tasuki rollouts -a ${app}\` and \`tasuki timeline -a ${app}\`.`
}
