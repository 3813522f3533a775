import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { specOf, waitForTail } from '../contract.ts'
import { type Bench, makeBench } from './testing.ts'

/** Answers on its private port as the path says, and prints what it was asked. */
const ASKED = `${process.execPath} -e '
  const answers = { "/ok": 204, "/no": 500 }
  require("http").createServer((request, response) => {
    console.log(request.method + " " + request.url)
    if (answers[request.url]) response.writeHead(answers[request.url]).end()
  }).listen(process.env.TASUKI_PRIVATE_PORT, process.env.HOST, () => {
    require("http").createServer((request, response) => {
      console.log("visitors: " + request.url)
      response.end()
    }).listen(process.env.PORT, process.env.HOST, () => console.log("ready"))
  })'`

describe('the hook before the stop', () => {
  let bench: Bench
  let id: string
  beforeEach(async () => {
    bench = await makeBench()
    const spec = specOf('sha256:one', ASKED, { env: { NAME: 'value' } })
    id = spec.id
    await bench.runtime.start(spec)
    await waitForTail(bench.runtime, id, 'ready')
  })
  afterEach(() => bench.close())

  it('as a path is a POST to the private port', async () => {
    await bench.runtime.preStop(id, { path: '/ok' }, 5000)
    assert.deepEqual(await bench.runtime.tail(id, 1), ['POST /ok'])
  })

  it('is a POST to the port of visitors where the app wants it so', async () => {
    await bench.runtime.preStop(id, { path: '/ok', port: 'public' }, 5000)
    assert.deepEqual(await bench.runtime.tail(id, 1), ['visitors: /ok'])
  })

  it('has failed when the answer is none of 2xx, or does not come in time', async () => {
    await assert.rejects(bench.runtime.preStop(id, { path: '/no' }, 5000), /500/)
    await assert.rejects(bench.runtime.preStop(id, { path: '/never' }, 50), /time/)
  })

  it('as a command runs beside the instance, with its environment and user, in its directory', async () => {
    const command = 'echo "$NAME $TASUKI_INSTANCE $(pwd) $(id -u)"'
    await bench.runtime.preStop(id, { command }, 5000)
    const uid = process.getuid?.() === 0 ? '20000' : String(process.getuid?.())
    assert.deepEqual(await bench.runtime.tail(id, 1), [`value ${id} ${bench.artifact} ${uid}`])
  })

  it('has failed when the command does, or is killed at its limit with its children', async () => {
    await assert.rejects(bench.runtime.preStop(id, { command: 'exit 3' }, 5000), /status 3/)
    await assert.rejects(bench.runtime.preStop(id, { command: 'sleep 1000 & wait' }, 50), /SIGKILL/)
  })
})
