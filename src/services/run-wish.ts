import { randomBytes, randomInt, randomUUID } from 'node:crypto'
import { TasukiError } from '../domain/errors.ts'
import { changedConfig, processType } from '../domain/names.ts'
import { sizeOf } from '../domain/size.ts'
import type { Run } from '../store/runs.ts'

/** The process type of one-off instances; of each app, no line of its Procfile. */
export const RUN_TYPE = 'run'

const MOST_COMMAND = 64 * 1024
const MOST_CELLS = 10_000

/** What a user wants run. */
export interface RunWish {
  readonly command: string
  readonly size?: string | undefined
  /** Without a size: that of this process type. */
  readonly type?: string | undefined
  readonly env?: Readonly<Record<string, string>> | undefined
  readonly tty?: boolean | undefined
  readonly columns?: number | undefined
  readonly lines?: number | undefined
  readonly detach?: boolean | undefined
  /** Ended after so many seconds. The limit of the server when there is none; never more than that. */
  readonly seconds?: number | undefined
}

/** What counts where the wish says nothing. */
interface Around {
  readonly appId: string
  readonly user: string
  readonly release: number
  readonly command: string
  readonly size: string
  /** Longest that a run may go on, seconds. */
  readonly mostSeconds: number
}

/** The wish as a run that waits to be started. Throws `invalid_params`. */
export function wishedRun(wish: RunWish, around: Around): Run {
  const number = randomInt(1000, 10_000)
  return {
    id: randomUUID(),
    appId: around.appId,
    name: `${RUN_TYPE}.${number}`,
    instance: `${RUN_TYPE}-${number}-${randomBytes(6).toString('hex')}`,
    command: around.command,
    size: sizeOf(wish.size ?? around.size).name,
    release: around.release,
    options: {
      env: changedConfig({}, wish.env ?? {}),
      tty: wish.tty ?? false,
      columns: cells(wish.columns ?? 80),
      lines: cells(wish.lines ?? 24),
      attached: !wish.detach,
      seconds: seconds(wish.seconds ?? around.mostSeconds, around.mostSeconds),
    },
    state: 'waiting',
    exitCode: null,
    user: around.user,
    createdAt: Date.now(),
    endedAt: null,
  }
}

/** Throws `invalid_params` for what can be refused before anything is looked up. */
export function checkWish(wish: RunWish): void {
  if (wish.size !== undefined) sizeOf(wish.size)
  if (wish.type !== undefined) processType(wish.type)
  checkedCommand(wish.command)
}

/** Without the space around it. Throws `invalid_params`. */
export function checkedCommand(command: string): string {
  const trimmed = command.trim()
  if (trimmed !== '' && trimmed.length <= MOST_COMMAND && !trimmed.includes('\0')) return trimmed
  throw new TasukiError('invalid_params', 'There is no command to run, or it is too long.')
}

function cells(count: number): number {
  if (Number.isInteger(count) && count > 0 && count <= MOST_CELLS) return count
  throw new TasukiError('invalid_params', `A terminal can not be ${count} wide or high.`)
}

function seconds(wanted: number, most: number): number {
  if (Number.isInteger(wanted) && wanted > 0 && wanted <= most) return wanted
  throw new TasukiError('invalid_params', `A run can not be given ${wanted} seconds; ${most} is the most.`)
}
