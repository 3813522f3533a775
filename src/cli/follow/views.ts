import type { Timeline } from '../../text/phases.ts'
import { progressLines, renderProgress, type Sight } from '../../text/progress.ts'
import { type Screen, screenOf } from '../../text/screen.ts'
import { Block } from './block.ts'

/** Shows a rollout while it runs. */
export interface RolloutView {
  /** The state by the journal so far. */
  update(timeline: Timeline, head: string): void
  /** What the router says of the instances now. */
  sights(sights: ReadonlyMap<string, Sight>): void
  /** A line of its own: output of the release phase, what went wrong, a lost connection. */
  say(line: string): void
  end(): void
  /** Whether it makes use of `sights` and of updates between journal entries. */
  readonly live: boolean
}

/** A view for where stdout goes: redrawn on a terminal, a line per change in a pipe, nothing with `--json`. */
export function viewFor(out: NodeJS.WriteStream, env: NodeJS.ProcessEnv, json: boolean): RolloutView {
  if (json) return new SilentView()
  return out.isTTY && env.TERM !== 'dumb'
    ? new LiveView(out, () => screenOf(out, env))
    : new LineView((line) => out.write(`${line}\n`))
}

/** Shows nothing. */
class SilentView implements RolloutView {
  readonly live = false
  update(): void {
    // Only the result is wanted.
  }
  sights(): void {
    // As above.
  }
  say(): void {
    // As above.
  }
  end(): void {
    // As above.
  }
}

class LiveView implements RolloutView {
  readonly live = true
  readonly #block: Block
  readonly #screen: () => Screen
  #sights: ReadonlyMap<string, Sight> = new Map()

  constructor(out: NodeJS.WriteStream, screen: () => Screen) {
    this.#block = new Block(out)
    this.#screen = screen
  }

  update(timeline: Timeline, head: string): void {
    this.#block.draw(renderProgress(timeline, head, this.#sights, this.#screen()))
  }

  sights(sights: ReadonlyMap<string, Sight>): void {
    this.#sights = sights
  }

  say(line: string): void {
    this.#block.above(line)
  }

  end(): void {
    this.#block.clear()
  }
}

/** A line for each thing that happens, in the order in which it is learned. */
class LineView implements RolloutView {
  readonly live = false
  readonly #write: (line: string) => void
  #before: Timeline | null = null

  constructor(write: (line: string) => void) {
    this.#write = write
  }

  update(timeline: Timeline, head: string): void {
    if (this.#before === null) this.#write(head)
    for (const line of progressLines(this.#before, timeline)) this.#write(line)
    this.#before = timeline
  }

  sights(): void {
    // Said of one moment only; lines stay.
  }

  say(line: string): void {
    this.#write(line)
  }

  end(): void {
    this.#before = null
  }
}
