import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Life, Phase, Timeline } from '../../text/phases.ts'
import { progressLines, renderProgress, type Sight } from '../../text/progress.ts'
import { PLAIN } from '../../text/screen.ts'
import { Block } from './block.ts'

function life(who: string, ...turns: [Phase, number][]): Life {
  const [name = '', release] = who.split(' v')
  const segments = turns.map(([phase, from], index) => ({ phase, from, to: turns[index + 1]?.[1] ?? 9000 }))
  return { instance: who, name, release: Number(release), segments, note: '' }
}

const DRAINING: Timeline = {
  span: 1240,
  marks: [],
  lives: [
    life('web.1 v6', ['serving', 0], ['draining', 1000]),
    life('web.1 v7', ['boot', 0], ['check', 600], ['serving', 1000]),
    life('web.2 v7', ['boot', 0], ['check', 700]),
  ],
}

describe('progress', () => {
  it('is a line per instance, with what it waits for', () => {
    const sights = new Map<string, Sight>([
      ['web.1 v6', { inFlight: 2, streams: 1, check: 'HTTP 200' }],
      ['web.1 v7', { inFlight: 40, streams: 0, check: 'HTTP 200' }],
      ['web.2 v7', { inFlight: 0, streams: 0, check: 'HTTP 503 on /health' }],
    ])
    assert.deepEqual(renderProgress(DRAINING, 'Handing over', sights, PLAIN), [
      'Handing over  1.24 s',
      '  web.1 v6  ◑ draining  2 in flight, 1 stream',
      '  web.1 v7  ● serving',
      '  web.2 v7  ◔ checking  HTTP 503 on /health',
    ])
  })

  it('fits a narrow terminal', () => {
    const lines = renderProgress(DRAINING, 'Handing over from v6 to v7 of shop', new Map(), {
      ...PLAIN,
      width: 24,
    })
    assert.equal(lines[0], 'Handing over from v6 t…')
  })

  it('in a pipe is a line per change, in the order of time', () => {
    const before = { ...DRAINING, lives: [life('web.1 v6', ['serving', 0]), life('web.1 v7', ['boot', 0])] }
    assert.deepEqual(progressLines(null, before), ['    0.0 s  web.1 v7  booting'])
    assert.deepEqual(progressLines(before, DRAINING), [
      '    0.0 s  web.2 v7  booting',
      '    0.6 s  web.1 v7  checking',
      '    0.7 s  web.2 v7  checking',
      '    1.0 s  web.1 v6  draining',
      '    1.0 s  web.1 v7  serving',
    ])
  })
})

const ESC = '\u001b'
const CONTROLS = new RegExp(`${ESC}\\[(\\d+)A|(\\r${ESC}\\[J)|([^${ESC}\\r]+)`, 'g')

/** As much of a terminal as a block needs: lines, and moving up over them. */
class Terminal {
  readonly rows: number
  #lines: string[] = ['']

  constructor(rows: number) {
    this.rows = rows
  }

  write(text: string): boolean {
    for (const [, up, clear, plain] of text.matchAll(CONTROLS)) {
      if (up !== undefined) this.#lines.splice(this.#lines.length - Number(up))
      else if (clear !== undefined) this.#lines = [...this.#lines.slice(0, -1), '']
      else if (plain !== undefined) this.#print(plain)
    }
    return true
  }

  #print(text: string): void {
    const [first = '', ...rest] = text.split('\n')
    this.#lines = [...this.#lines.slice(0, -1), (this.#lines.at(-1) ?? '') + first, ...rest]
  }

  get shown(): string[] {
    return this.#lines
  }
}

describe('a block at the end of a terminal', () => {
  function block(rows = 24) {
    const terminal = new Terminal(rows)
    return { terminal, block: new Block(terminal as unknown as NodeJS.WriteStream) }
  }

  it('is drawn over itself, with other text above it', () => {
    const { terminal, block: drawn } = block()
    drawn.draw(['one', 'two'])
    drawn.draw(['ONE', 'TWO', 'THREE'])
    drawn.above('said')
    assert.deepEqual(terminal.shown, ['said', 'ONE', 'TWO', 'THREE', ''])
    drawn.draw(['less'])
    assert.deepEqual(terminal.shown, ['said', 'less', ''])
    drawn.clear()
    assert.deepEqual(terminal.shown, ['said', ''])
  })

  it('leaves out what does not fit the height, or it could not be drawn over', () => {
    const { terminal, block: drawn } = block(5)
    drawn.draw(['1', '2', '3', '4', '5'])
    assert.deepEqual(terminal.shown, ['1', '2', '3', '  and 2 more', ''])
  })
})
