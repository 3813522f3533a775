import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { TasukiError } from './errors.ts'
import { parseProcfile } from './procfile.ts'

function refusal(text: string): string {
  try {
    parseProcfile(text)
  } catch (error) {
    assert.ok(error instanceof TasukiError)
    assert.equal(error.code, 'invalid_procfile')
    return error.message
  }
  return assert.fail('The Procfile was accepted.')
}

describe('Procfile', () => {
  it('gives each process type its command, in order', () => {
    const types = parseProcfile('web: node server.js --port $PORT\nrelease: ./migrate\nclock-2: a: b\n')
    assert.deepEqual(Object.entries(types), [
      ['web', 'node server.js --port $PORT'],
      ['release', './migrate'],
      ['clock-2', 'a: b'],
    ])
  })

  it('passes over comments, blank lines, a byte order mark, and CRLF', () => {
    const types = parseProcfile('\uFEFF# processes\r\n\r\n  web:npm start  \r\n\t# more\r\nworker :  ./w\r\n')
    assert.deepEqual({ ...types }, { web: 'npm start', worker: './w' })
  })

  it('takes a type that is a name of Object.prototype as a type', () => {
    const types = parseProcfile('__proto__: a\nconstructor: b\n')
    assert.deepEqual(Object.keys(types), ['__proto__', 'constructor'])
  })

  it('names every malformed line at once, by number', () => {
    const message = refusal('web: a\njust words\n\nbad type: x\nworker:\n')
    assert.match(message, /line 2: "just words" is not `type: command`/)
    assert.match(message, /line 4: "bad type: x" is not/)
    assert.match(message, /line 5: the command of "worker" is missing/)
  })

  it('refuses a type that comes twice, naming both lines', () => {
    assert.match(refusal('web: a\n\nweb: b\n'), /line 3: "web" stands in line 1 already/)
  })

  it('refuses a file without a process type', () => {
    assert.match(refusal('# nothing\n\n'), /names no process type/)
  })

  it('refuses a binary file, and shows nothing of it', () => {
    assert.match(refusal('web: a\nworker: \0ELF'), /binary, not text in UTF-8 \(line 2\)/)
    assert.match(refusal(new TextDecoder().decode(Uint8Array.of(0x77, 0xff, 0xfe))), /binary/)
  })

  it('refuses a huge file', () => {
    assert.match(refusal(`web: ${'x'.repeat(70_000)}`), /65536 is the limit/)
  })
})
