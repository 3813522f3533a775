import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { it } from 'node:test'

/** Runs that in a process which survives defects, and says what it logged and how it ended. */
function run(script: string): { readonly said: string; readonly status: number | null } {
  const log = '{ error: (d, t) => console.log(t, d.error), fatal: (d, t) => console.log(t, d.error) }'
  const source = `import { surviveDefects } from '${new URL('./defects.ts', import.meta.url).pathname}'
    surviveDefects(${log})
    ${script}
    setTimeout(() => console.log('it goes on'), 50)`
  const { stdout, status } = spawnSync(process.execPath, ['--input-type=module', '-e', source], {
    encoding: 'utf8',
    timeout: 30_000,
  })
  return { said: stdout, status }
}

it('a rejection that nobody has caught is logged, and the process goes on', () => {
  const { said, status } = run(`Promise.reject(new Error('lost'))`)
  assert.match(said, /a defect: nobody has caught a rejection Error: lost[\s\S]*it goes on/)
  assert.equal(status, 0)
})

it('so is the end of a connection', () => {
  const { said, status } = run(
    `setImmediate(() => { throw Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }) })`,
  )
  assert.match(
    said,
    /a defect: nobody has caught the end of a connection Error: read ECONNRESET[\s\S]*it goes on/,
  )
  assert.equal(status, 0)
})

it('after any other defect the process ends, with its origin in the log', () => {
  const { said, status } = run(`setImmediate(() => { null.x })`)
  assert.match(said, /a defect: the control plane ends; router and apps serve on TypeError/)
  assert.equal(status, 70)
  assert.doesNotMatch(said, /it goes on/)
})
