import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { request } from 'node:http'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { deflateSync, gzipSync } from 'node:zlib'
import { until } from '../../test/harness/until.ts'
import { ALICE } from '../services/testing.ts'
import { artifactNamed, tempDir } from '../store/testing.ts'
import { pktLine, pktList } from './pkt-line.ts'
import { Clone, type LiveGit, liveGit } from './testing.ts'

const FETCH = 'application/x-git-upload-pack-request'
const PUSH = 'application/x-git-receive-pack-request'

async function shop(t: TestContext) {
  const git = await liveGit(t)
  const app = await git.services.apps.create('shop', ALICE)
  const clone = await Clone.fresh(t)
  await clone.commit({ 'x.txt': 'x' })
  return { git, app, clone }
}

/** A token of a user who has nothing to do with the app. */
async function strange(git: LiveGit, scopes: readonly string[] = ['global']): Promise<string> {
  const { user } = await git.services.users.add({ email: 'bert@example.test' })
  return (await git.services.authorizations.create({ email: user.email }, { scopes })).token
}

function send(git: LiveGit, path: string, type: string, body: Buffer, more: Record<string, string> = {}) {
  const headers = { authorization: `Bearer ${git.token}`, 'content-type': type, ...more }
  return fetch(`${git.url}${path}`, { method: 'POST', headers, body: new Uint8Array(body) })
}

describe('who comes to a repository', () => {
  it('is asked for a password when there is none, and let in with a token under any name', async (t) => {
    const { git, clone } = await shop(t)
    for (const path of ['info/refs?service=git-receive-pack', 'info/refs?service=git-upload-pack', 'HEAD']) {
      const { status, headers } = await fetch(`${git.url}/shop.git/${path}`)
      assert.deepEqual([status, headers.get('www-authenticate')], [401, 'Basic realm="Tasuki"'], path)
    }
    for (const name of ['git-receive-pack', 'git-upload-pack'])
      assert.equal((await fetch(`${git.url}/shop.git/${name}`, { method: 'POST' })).status, 401)
    const wrong = git.address('shop').replace(git.token, 'tsk_wrong')
    assert.match((await clone.git('ls-remote', wrong)).out, /Authentication failed/)
    assert.equal((await clone.git('ls-remote', git.address('shop').replace('me:', 'heroku:'))).code, 0)
  })

  it('learns nothing of an app that is not theirs', async (t) => {
    const { git, app, clone } = await shop(t)
    const address = (name: string) => git.address(name).replace(git.token, token)
    const token = await strange(git)
    const [theirs, none] = [
      await clone.git('ls-remote', address('shop')),
      await clone.git('ls-remote', address('none')),
    ]
    assert.equal(theirs.out.replaceAll('shop', 'none'), none.out)
    assert.match(none.out, /There is no app "none"/)
    assert.equal((await clone.git('push', address('shop'), 'main:other')).code, 128)
    assert.equal(await git.services.repositories.idOf(app.id, 'refs/heads/other').catch(() => null), null)
    await git.services.collaborators.add(app, 'bert@example.test', ALICE)
    await clone.must('push', address('shop'), 'main:other')
    await clone.must('ls-remote', address('shop'))
  })

  it('may fetch but not push with a token that is good for reading only', async (t) => {
    const { git, app, clone } = await shop(t)
    const address = git.address('shop').replace(git.token, await strange(git, ['read']))
    await git.services.collaborators.add(app, 'bert@example.test', ALICE)
    await clone.must('ls-remote', address)
    const { code, out } = await clone.git('push', address, 'main:other')
    assert.notEqual(code, 0)
    assert.match(out, /403/)
    assert.equal(await git.services.repositories.idOf(app.id, 'refs/heads/other'), null)
  })
})

describe('a repository', () => {
  it('is there, empty, before anything was pushed; it is found under a new name of its app', async (t) => {
    const { git, app, clone } = await shop(t)
    const copy = new Clone(tempDir(t, 'copy'))
    assert.match(await copy.must('clone', git.address('shop'), '.'), /empty repository/)
    await clone.must('push', git.address('shop'), 'main:kept')
    await git.services.apps.rename(app, 'store', ALICE)
    assert.match(await clone.must('ls-remote', git.address('store')), /refs\/heads\/kept/)
    assert.match((await clone.git('ls-remote', git.address('shop'))).out, /not found/)
    await git.services.apps.gone(app.id)
    assert.equal(await git.services.repositories.idOf(app.id, 'refs/heads/kept').catch(() => null), null)
  })

  it('takes packed requests of both kinds', async (t) => {
    const { git, clone } = await shop(t)
    await clone.must('push', git.address('shop'), 'main:kept')
    const packed = { 'content-encoding': 'gzip' }
    const list = Buffer.concat([
      pktLine('command=ls-refs\n'),
      Buffer.from('0001'),
      pktList(['ref-prefix refs/\n']),
    ])
    const fetched = await send(git, '/shop.git/git-upload-pack', FETCH, gzipSync(list), {
      ...packed,
      'git-protocol': 'version=2',
    })
    assert.match(await fetched.text(), /refs\/heads\/kept/)
    const pushed = await send(git, '/shop.git/git-receive-pack', PUSH, gzipSync(Buffer.from('0000')), packed)
    assert.deepEqual([pushed.status, await pushed.text()], [200, ''])
  })

  it('answers what is no Git with an error and goes on', async (t) => {
    const { git, clone } = await shop(t)
    const noise = await send(git, '/shop.git/git-receive-pack', PUSH, Buffer.from('zzzz nothing of Git'))
    await noise.text()
    const dumb = await fetch(`${git.url}/shop.git/info/refs`, {
      headers: { authorization: `Bearer ${git.token}` },
    })
    assert.deepEqual([dumb.status, /smart protocol/.test(await dumb.text())], [403, true])
    const other = await send(git, '/shop.git/git-receive-pack', 'text/plain', Buffer.from('x'))
    assert.ok(other.status >= 400 && other.status < 500)
    const large = await send(
      git,
      '/shop.git/info/lfs/objects/batch',
      'application/vnd.git-lfs+json',
      Buffer.from('{}'),
    )
    assert.equal(large.status, 501)
    assert.match(((await large.json()) as { message: string }).message, /keeps no LFS files/)
    await clone.must('push', git.address('shop'), 'main:kept')
  })

  it('is as it was when an upload breaks off', async (t) => {
    const { git, app, clone } = await shop(t)
    await clone.must('push', git.address('shop'), 'main:kept')
    const commit = await clone.commit({ 'x.txt': 'y' })
    const line = `${'0'.repeat(40)} ${commit} refs/heads/main\0report-status side-band-64k`
    const upload = request(`${git.url}/shop.git/git-receive-pack`, {
      method: 'POST',
      headers: { authorization: `Bearer ${git.token}`, 'content-type': PUSH, 'content-length': 1_000_000 },
    })
    upload.on('error', () => undefined)
    upload.write(Buffer.concat([pktList([line]), halfAPack()]))
    const objects = join(git.services.repositories.root, `${app.id}.git`, 'objects')
    const quarantine = async () => (await readdir(objects)).filter((name) => name.startsWith('tmp_objdir'))
    await until('the upload to have begun', async () => (await quarantine()).length === 1)
    upload.destroy()
    await until('what came of it to be gone', async () => (await quarantine()).length === 0)
    assert.equal(await git.services.repositories.idOf(app.id, 'refs/heads/main'), null)
    git.builder = async () => artifactNamed('a')
    git.engine.poke = (appId) => void setImmediate(() => git.engine.finish(appId))
    await clone.must('push', git.address('shop'), 'main')
    assert.ok(await readFile(join(objects, '..', 'refs/heads/main'), 'utf8'))
  })
})

/** The head of a pack with one file of 100,000 bytes, and the first half of that. */
function halfAPack(): Buffer {
  const head = [0x50, 0x41, 0x43, 0x4b, 0, 0, 0, 2, 0, 0, 0, 1]
  const size = 100_000
  const kindAndSize = [0x80 | (3 << 4) | (size & 15), 0x80 | ((size >> 4) & 127), size >> 11]
  const content = deflateSync(randomBytes(size))
  return Buffer.concat([Buffer.from([...head, ...kindAndSize]), content.subarray(0, size / 2)])
}
