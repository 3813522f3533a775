import type { Duplex } from 'node:stream'
import type { Verdict } from '../services/pushes.ts'
import type { RefChange } from '../services/pushes-plan.ts'
import { pktList, pktLists } from './pkt-line.ts'

/** Descriptors that Git and its hook inherit from us: nobody else can open them, and they end when we do. */
export const ANSWERS_FD = 3
export const WORDS_FD = 4

/**
 * Git runs this once per push, when all objects are there and no ref has moved. It only carries: what Git asks goes to
 * the control plane, its answer goes to Git, its words to the person who pushes. If the control plane dies, both
 * descriptors end, and Git refuses the push.
 */
export const PROC_RECEIVE = `#!/bin/sh
exec 5<&0
cat <&${WORDS_FD} >&2 &
words=$!
cat <&5 >&${ANSWERS_FD} &
cat <&${ANSWERS_FD}
wait $words
`

const NOBODY = /^0+$/
/** A reason has one line, and is cut where it would get too long to read. */
const MOST_REASON = 300

/** What Git asks for. */
export interface Asked {
  readonly changes: readonly RefChange[]
  readonly atomic: boolean
}

/**
 * Speaks with Git through the hook (`proc-receive`, version 1): says hello, hands what is asked to `decide`, and gives
 * its verdicts back. Returns without a word when the hook ends before it has asked.
 */
export async function converse(
  channel: Duplex,
  decide: (asked: Asked) => Promise<readonly Verdict[]>,
): Promise<void> {
  const lists = pktLists(channel as AsyncIterable<Buffer>)
  const hello = await next(lists)
  if (hello === null) return
  const atomic = hello[0]?.split('\0')[1]?.split(' ').includes('atomic') ?? false
  channel.write(pktList([`version=1${atomic ? '\0atomic' : ''}`]))
  const asked = await next(lists)
  if (asked === null) return
  const verdicts = await decide({ changes: asked.map(changeOf), atomic })
  channel.end(pktList(verdicts.map(lineOf)))
}

async function next(lists: AsyncGenerator<string[]>): Promise<string[] | null> {
  const { value, done } = await lists.next()
  return done ? null : value
}

function changeOf(line: string): RefChange {
  const [from = '', to = '', ...ref] = line.split(' ')
  return { ref: ref.join(' '), from: NOBODY.test(from) ? null : from, to: NOBODY.test(to) ? null : to }
}

function lineOf({ ref, refused }: Verdict): string {
  if (refused === null) return `ok ${ref}`
  const reason = refused.replace(/\s+/g, ' ')
  return `ng ${ref} ${reason.length > MOST_REASON ? `${reason.slice(0, MOST_REASON)}…` : reason}`
}
