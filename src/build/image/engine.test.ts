import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { engineError } from './engine.ts'

const HOST = { name: 'h1' }

describe('what went wrong with an image', () => {
  it('is a full disk of the host where its engine says so', () => {
    const said = 'write /var/lib/docker/tmp/x: no space left on device'
    const error = engineError(HOST, 'taking an image', new Error(said))
    assert.equal(error.code, 'disk_full')
    assert.match(error.message, /on h1/)
  })

  it('is a full disk of the server where what it writes itself has no room', () => {
    const own = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
    const error = engineError(HOST, 'handing an image on', own)
    assert.equal(error.code, 'disk_full')
    assert.doesNotMatch(error.message + error.next, /h1/)
    assert.match(error.next, /on the server/)
  })
})
