import type { JournalEntry, Receipt, Rollout } from '../domain/rollout.ts'
import type { PushNews } from '../services/pushes.ts'
import { type RefChange, shortName } from '../services/pushes-plan.ts'
import type { RolloutEvent } from '../services/rollout-events.ts'
import { type Timeline, timelineOfJournal } from '../text/phases.ts'
import { progressLines } from '../text/progress.ts'
import { renderReceipt } from '../text/receipt.ts'
import { firstLine } from '../text/wrap.ts'

const HEADING = '-----> '
const INDENT = '       '
const WARNING = ' !     '
const SHOWN_ID = 8

/** Says what happens to one push, in the manner that people know: headings, indented text, warnings. Lines end with `\n`. */
export class Words {
  readonly #webUrl: (app: string) => string
  #rollout: RolloutWords | null = null

  /** `webUrl`: where the visitors of an app reach it. */
  constructor(webUrl: (app: string) => string) {
    this.#webUrl = webUrl
  }

  of(news: PushNews): string {
    switch (news.news) {
      case 'waiting':
        return heading('Another push of this app is being deployed; this one waits for it')
      case 'kept':
        return kept(news.change, news.followers)
      case 'removed':
        return heading(`${named(news.change)} was removed; nothing was deployed`)
      case 'deploying':
        return deploying(news.change, news.rewound)
      case 'build':
        return news.text
      case 'rollout':
        if (news.event === null) this.#rollout = new RolloutWords(news.app, news.rollout)
        return news.event === null ? this.#rollout!.begin() : this.#rollout!.of(news.event)
      case 'failed':
        return receiptText(news.receipt)
      case 'deployed':
        return `${receiptText(news.receipt)}${lossText(news.receipt)}${heading(
          `v${news.rollout.target.release} serves at ${this.#webUrl(news.app.name)}`,
        )}`
      case 'refused':
        return `${warning(news.message)}${news.next === '' ? '' : warning(news.next)}`
    }
  }
}

/** The life of one rollout in words. */
class RolloutWords {
  readonly #app: string
  readonly #rollout: Rollout
  readonly #entries = new Map<number, JournalEntry>()
  #before: Timeline | null = null
  #speaking = false

  constructor(app: string, rollout: Rollout) {
    this.#app = app
    this.#rollout = rollout
  }

  begin(): string {
    const { base, target, strategy } = this.#rollout
    if (base === null) return heading(`Starting v${target.release} of ${this.#app} (${strategy})`)
    return heading(`Handing over from v${base.release} to v${target.release} of ${this.#app} (${strategy})`)
  }

  of(event: RolloutEvent): string {
    if (event.event === 'output') return this.#output(event.text)
    return event.event === 'journal' ? this.#entry(event.entry) : ''
  }

  /** What the release phase says. */
  #output(text: string): string {
    const head = this.#speaking ? '' : heading('Release phase')
    this.#speaking = true
    return `${head}${indented(text)}`
  }

  #entry(entry: JournalEntry): string {
    const fresh = !this.#entries.has(entry.id)
    this.#entries.set(entry.id, entry)
    const all = [...this.#entries.values()]
    const now = Math.max(...all.map(({ at, endedAt }) => endedAt ?? at))
    const after = timelineOfJournal(all, this.#rollout.startedAt, now)
    const lines = progressLines(this.#before, after)
    this.#before = after
    return `${remark(entry, fresh)}${lines.map((line) => `${INDENT}${line.trimStart()}\n`).join('')}`
  }
}

/** What went wrong is said at once. */
function remark(entry: JournalEntry, fresh: boolean): string {
  const who = entry.name === null ? '' : `${entry.name} v${entry.release}: `
  if (entry.kind === 'turn-back' && fresh) return warning(`Going back: ${firstLine(entry.note)}`)
  if (entry.kind === 'unhealthy') return warning(`${who}${entry.note}`)
  return entry.state === 'failed' ? warning(`${who}${entry.kind} failed: ${entry.error ?? entry.note}`) : ''
}

function kept(change: RefChange, followers: readonly string[]): string {
  const isBranch = change.ref.startsWith('refs/heads/')
  const at = isBranch ? ` at ${change.to!.slice(0, SHOWN_ID)}` : ''
  if (followers.length > 0) {
    const who =
      followers.length === 1 ? 'is deployed from it by itself' : 'are deployed from it by themselves'
    return `${heading(`${named(change)} was kept${at}`)}${indented(`${followers.join(', ')} ${who}`)}`
  }
  const head = heading(`${named(change)} was kept${at}; nothing was deployed`)
  if (!isBranch) return head
  return `${head}${indented(`Only main and master are. To deploy it: git push tasuki ${shortName(change.ref)}:main`)}`
}

function deploying({ ref, from, to }: RefChange, rewound: boolean): string {
  const text = heading(`Deploying ${to!.slice(0, SHOWN_ID)} of ${shortName(ref)}`)
  const forced = rewound
    ? indented(`It does not contain ${from!.slice(0, SHOWN_ID)}, which was deployed before`)
    : ''
  return `${text}${forced}${indented('If this connection ends, the deploy goes on')}`
}

function receiptText(receipt: Receipt | null): string {
  if (receipt === null) return ''
  const brief = { ...receipt, reason: receipt.reason && firstLine(receipt.reason) }
  return `${heading('Receipt')}${indented(renderReceipt(brief))}`
}

function lossText(receipt: Receipt | null): string {
  return receipt === null || receipt.lost === 0
    ? ''
    : warning(`${receipt.lost} requests got no proper answer; the receipt says why`)
}

function named({ ref }: RefChange): string {
  return `${ref.startsWith('refs/tags/') ? 'Tag' : 'Branch'} ${shortName(ref)}`
}

function heading(text: string): string {
  return `${HEADING}${text}\n`
}

function warning(text: string): string {
  return prefixed(WARNING, text)
}

function indented(text: string): string {
  return prefixed(INDENT, text)
}

function prefixed(prefix: string, text: string): string {
  const lines = text.replace(/\n+$/, '').split('\n')
  return lines
    .map((line) => `${prefix}${line}`.trimEnd())
    .join('\n')
    .concat('\n')
}
