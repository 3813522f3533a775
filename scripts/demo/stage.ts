import { stripVTControlCharacters, styleText } from 'node:util'
import type { RunningLoad } from '../../test/load/index.ts'

const REDRAW_MS = 250
/** Without a terminal there is no line to redraw: say how it goes now and then. */
const REPEAT_MS = 5_000

/** What people see of the demo: lines that stay, and below them one line that tells how the load goes. */
export class Stage {
  readonly #started = performance.now()
  readonly #live = process.stdout.isTTY === true
  #load: RunningLoad | null = null
  #timer: NodeJS.Timeout | null = null

  title(text: string): void {
    this.line()
    this.line(styleText('bold', `── ${text} `.padEnd(78, '─')))
  }

  line(text = ''): void {
    this.#clear()
    process.stdout.write(`${text}\n`)
    this.#draw()
  }

  /** Output of a command, indented as it comes. */
  output(text: string): void {
    for (const line of text.replace(/\n$/, '').split('\n')) this.line(`  ${line.split('\r').at(-1)}`)
  }

  command(args: readonly string[]): void {
    this.line(styleText('cyan', `$ tasuki ${args.join(' ')}`))
  }

  /** Shows how this load goes until `unwatch`. */
  watch(load: RunningLoad): void {
    this.#load = load
    const redraw = this.#live ? () => this.#draw() : () => this.line(this.#status())
    this.#timer = setInterval(redraw, this.#live ? REDRAW_MS : REPEAT_MS)
  }

  unwatch(): void {
    this.#clear()
    this.#load = null
    if (this.#timer) clearInterval(this.#timer)
  }

  #clear(): void {
    if (this.#live && this.#load) process.stdout.write('\r\x1b[K')
  }

  #draw(): void {
    if (!this.#live || !this.#load) return
    const room = (process.stdout.columns || 80) - 1
    const status = this.#status()
    process.stdout.write(
      `\r\x1b[K${stripVTControlCharacters(status).length > room ? status.slice(0, room) : status}`,
    )
  }

  #status(): string {
    const now = this.#load?.snapshot()
    if (!now) return ''
    const seconds = ((performance.now() - this.#started) / 1_000).toFixed(0).padStart(3)
    const total = now.ok + now.lost
    const lost = styleText(now.lost > 0 ? 'red' : 'green', `${now.lost} lost`)
    const served = Object.keys(now.releases).sort()
    return `${seconds} s  ${total.toLocaleString('en')} requests · ${lost} · ${now.rate}/s · p99 ${now.p99.toFixed(1)} ms · from ${served.join(' and ')}`
  }
}
