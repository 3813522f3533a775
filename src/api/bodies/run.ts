import { type Static, Type } from '@fastify/type-provider-typebox'
import type { RunWish } from '../../services/run-wish.ts'
import { nullable } from './common.ts'

/** A one-off as the Platform API asks for it. The `heroku` command line sends the size of its window as numbers. */
export const NewDyno = Type.Object({
  command: Type.String(),
  attach: Type.Optional(nullable(Type.Boolean())),
  env: Type.Optional(nullable(Type.Record(Type.String(), Type.Union([Type.String(), Type.Number()])))),
  force_no_tty: Type.Optional(nullable(Type.Boolean())),
  size: Type.Optional(nullable(Type.String())),
  type: Type.Optional(nullable(Type.String({ description: 'Without a size: that of this process type' }))),
  time_to_live: Type.Optional(nullable(Type.Integer({ description: 'Seconds, at most 24 hours' }))),
})

const MOST_CELLS = 10_000

/** In our words: a terminal for whoever attaches, unless it was declined; its size stands in the environment. */
export function runWish(body: Static<typeof NewDyno>): RunWish {
  const env = Object.fromEntries(Object.entries(body.env ?? {}).map(([key, value]) => [key, String(value)]))
  return {
    command: body.command,
    env,
    detach: body.attach !== true,
    tty: body.attach === true && body.force_no_tty !== true,
    columns: cells(env.COLUMNS),
    lines: cells(env.LINES),
    size: body.size ?? undefined,
    type: body.type ?? undefined,
    seconds: body.time_to_live ?? undefined,
  }
}

/** A terminal that does not know its size says 0. */
function cells(text: string | undefined): number | undefined {
  const count = Number(text)
  return Number.isInteger(count) && count > 0 && count <= MOST_CELLS ? count : undefined
}
