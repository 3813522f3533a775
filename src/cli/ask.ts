import { isCancel, password, text } from '@clack/prompts'
import { TasukiError } from '../domain/errors.ts'

/** Asks on the terminal for a line of text. Throws `bad_request` when the person goes away. */
export async function confirmed(message: string): Promise<string> {
  return answered(await text({ message }))
}

/** Asks for a line that may be empty. */
export async function line(message: string): Promise<string> {
  return answered(await text({ message, defaultValue: '' }))
}

/** Asks for something that is not shown. */
export async function secret(message: string): Promise<string> {
  return answered(await password({ message }))
}

function answered(answer: string | symbol): string {
  if (!isCancel(answer)) return answer as string
  throw new TasukiError('bad_request', 'Nothing was done.', { next: 'Run it again when you want to.' })
}
