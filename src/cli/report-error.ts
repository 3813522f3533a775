import { TasukiError } from '../domain/errors.ts'
import { screenOf } from '../text/screen.ts'

/** What the parser of the command line throws has this, and nothing else does. */
interface ParserError extends Error {
  readonly oclif: { readonly exit?: number }
  readonly args?: readonly { readonly name: string }[]
}

/** A complaint about flags and arguments as `bad_request`; any other error as it is. */
export function cliError(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof TasukiError || !('oclif' in error)) return error
  return new TasukiError('bad_request', complaint(error as ParserError), {
    cause: error,
    next: 'See what it takes with --help.',
  })
}

function complaint(error: ParserError): string {
  const text = error.message.replace('\nSee more help with --help', '')
  if (!text.startsWith('Missing ') || !error.args?.length) return sentence(text)
  return sentence(`Missing: ${error.args.map((arg) => arg.name.toUpperCase()).join(', ')}`)
}

function sentence(text: string): string {
  const oneLine = text
    .split(/\s*\n\s*/)
    .join(' ')
    .trim()
  return /[.!?]$/.test(oneLine) ? oneLine : `${oneLine}.`
}

/** The two lines that people see: what happened, what to do. */
export function errorText(error: TasukiError): string {
  const { paint } = screenOf(process.stderr, process.env)
  return `${paint('red', 'Error:')} ${error.message}\n${paint('bold', 'Next:')} ${error.next}\n`
}
