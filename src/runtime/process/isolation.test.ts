import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { isExited, specOf, waitFor } from '../contract.ts'
import { type Bench, makeBench } from './testing.ts'

const skip = process.getuid?.() === 0 ? false : 'only root can run apps under their own users'

describe('an app under its own user', { skip }, () => {
  let bench: Bench
  beforeEach(async () => {
    bench = await makeBench()
    writeFileSync(join(bench.artifact, 'page'), 'from the artifact')
  })
  afterEach(() => bench.close())
  const run = async (command: string, more = {}) => {
    const spec = specOf('sha256:one', command, more)
    await bench.runtime.start(spec)
    const { exit } = await waitFor(bench.runtime, spec.id, isExited)
    return { id: spec.id, code: exit?.code, lines: await bench.runtime.tail(spec.id, 100) }
  }

  it('reads its artifact and can not change it', async () => {
    assert.deepEqual((await run('cat page')).lines, ['from the artifact'])
    assert.notEqual((await run('echo x > page')).code, 0)
    assert.notEqual((await run('touch new')).code, 0)
  })

  it('writes to its home and its temporary directory', async () => {
    assert.equal((await run('echo x > "$HOME/a" && echo y > "$TMPDIR/b"')).code, 0)
  })

  it('has no rights of root, and can not get any', async () => {
    const { lines } = await run('id -u; id -G; grep -E "CapEff|CapBnd|NoNewPrivs" /proc/self/status')
    const uid = lines[0]!
    assert.ok(Number(uid) >= 20_000)
    assert.equal(lines[1], uid)
    assert.deepEqual(
      lines.slice(2).map((line) => line.split('\t')[1]),
      ['0000000000000000', '0000000000000000', '1'],
    )
  })

  it('reads neither another app’s home nor its environment, and can not signal it', async () => {
    const other = specOf('sha256:one', 'echo secret > "$HOME/s"; sleep 1000', {
      appId: 'app-b',
      env: { SECRET: '1' },
    })
    await bench.runtime.start(other)
    const home = join(bench.data, 'instances', other.id, 'home')
    const { pid } = await waitFor(bench.runtime, other.id, ({ pid }) => pid !== null)
    for (const command of [`ls ${home}`, `cat ${home}/s`, `cat /proc/${pid}/environ`, `kill -0 ${pid}`])
      assert.notEqual((await run(command)).code, 0, command)
  })

  it('can list no instances and read no spec, status or log', async () => {
    const { id } = await run('true')
    for (const path of [
      'instances',
      `instances/${id}/spec.json`,
      'status',
      'logs',
      `status/${id}`,
      'users.json',
    ])
      assert.notEqual(
        (await run(`ls -l ${join(bench.data, path)}/ ; cat ${join(bench.data, path)}`)).code,
        0,
        path,
      )
  })

  it('is the same user for all instances of an app, also for the next control plane, and another for another app', async () => {
    const first = (await run('id -u')).lines[0]
    assert.equal((await run('id -u')).lines[0], first)
    assert.notEqual((await run('id -u', { appId: 'app-b' })).lines[0], first)
    const next = await makeBench({ data: bench.data })
    const spec = specOf('sha256:one', 'id -u')
    await next.runtime.start(spec)
    await waitFor(next.runtime, spec.id, isExited)
    assert.equal((await next.runtime.tail(spec.id, 1))[0], first)
    next.runtime.close()
  })

  it('is refused with advice where its files would lie in a closed directory', async () => {
    const closed = mkdtempSync(join(tmpdir(), 'tasuki-closed-'))
    mkdirSync(join(closed, 'data'))
    chmodSync(closed, 0o700)
    await assert.rejects(makeBench({ data: join(closed, 'data') }), {
      code: 'setup_missing',
      message: new RegExp(closed),
    })
    assert.equal(statSync(closed).mode & 0o777, 0o700)
    rmSync(closed, { recursive: true })
  })
})
