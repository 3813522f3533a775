import type { Writable } from 'node:stream'
import type { Services } from '../services/index.ts'
import type { App } from '../store/apps.ts'
import type { Backend } from './backend.ts'
import { converse } from './hook.ts'
import { Words } from './words.ts'

/** Bytes that may wait for a client that does not read; what comes on top of it is left out. */
const MOST_WAITING = 4 * 1024 * 1024

/** Carries out what is pushed through a backend, and says what happens; ends with the hook, whoever still listens. */
export async function carryPush(
  services: Services,
  backend: Backend,
  who: { readonly app: App; readonly user: string },
): Promise<void> {
  const words = new Words((app) => services.apps.webUrl({ name: app }))
  const say = sayer(backend.words)
  // Whoever pushed may be gone: then nobody reads, and everything goes on all the same.
  backend.answers.on('error', () => undefined)
  await converse(backend.answers, async ({ changes, atomic }) => {
    const verdicts = await services.pushes.receive({
      ...who,
      changes,
      atomic,
      tell: (news) => say(words.of(news)),
    })
    backend.words.end()
    return verdicts
  }).finally(() => backend.words.end())
}

function sayer(out: Writable): (text: string) => void {
  let lost = false
  out.on('error', () => undefined)
  return (text) => {
    if (text === '' || !out.writable) return
    const full = out.writableLength > MOST_WAITING
    if (full && !lost)
      out.write(' !     Some lines are left out here: they came faster than they were read.\n')
    lost = full
    if (!full) out.write(text)
  }
}
