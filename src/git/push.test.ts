import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { list } from 'tar'
import { until } from '../../test/harness/until.ts'
import { TasukiError } from '../domain/errors.ts'
import { createServices } from '../services/index.ts'
import { ALICE } from '../services/testing.ts'
import { artifactNamed, tempDir } from '../store/testing.ts'
import { Clone, type LiveGit, liveGit } from './testing.ts'

/** An app with a clone beside it; builds name the artifact after the commit, rollouts end as `outcome` says. */
async function setting(t: TestContext, settings: Parameters<typeof liveGit>[1] = {}) {
  const git = await liveGit(t, settings)
  const app = await git.services.apps.create('shop', ALICE)
  const clone = await Clone.fresh(t)
  await clone.must('remote', 'add', 'tasuki', git.address('shop'))
  const outcome: Outcome = { next: 'succeeded' }
  git.builder = async ({ commit, log }) => {
    log('-----> Building')
    return artifactNamed(commit!.slice(0, 1), { commit })
  }
  endRollouts(git, outcome)
  const main = () => git.services.repositories.idOf(app.id, 'refs/heads/main')
  return { git, app, clone, outcome, main }
}

interface Outcome {
  next: 'succeeded' | 'failed' | 'returned' | 'nothing'
}

/** As soon as the engine is told of a rollout, it ends so; `nothing`: it goes on. */
function endRollouts(git: LiveGit, outcome: Outcome): void {
  const poke = git.engine.poke.bind(git.engine)
  git.engine.poke = (appId) => {
    poke(appId)
    const { next } = outcome
    if (next !== 'nothing') setImmediate(() => void git.engine.finish(appId, next))
  }
}

describe('a push to main', () => {
  it('is built, rolled out, told line by line, and moves the ref', async (t) => {
    const { git, app, clone, main } = await setting(t)
    const commit = await clone.commit({ Procfile: 'web: run\n', 'a file – ü.txt': 'x' })
    const { code, out } = await clone.git('push', 'tasuki', 'main')
    assert.equal(code, 0, out)
    for (const line of [
      `remote: -----> Deploying ${commit.slice(0, 8)} of main`,
      'remote: -----> Building',
      'remote: -----> Released v2',
      'remote: -----> Starting v2 of shop (rolling)',
      'remote: -----> Receipt',
      'remote: -----> v2 serves at http://shop.example.test/',
    ])
      assert.ok(out.split('\n').includes(line), `${line} in\n${out}`)
    assert.match(out, /\* \[new branch\] +main -> main/)
    assert.equal(await main(), commit)
    assert.deepEqual(await namesIn(git.builds[0]!.source.tarball), ['Procfile', 'a file – ü.txt'])
    const [push] = await git.store.tables.pushes.list(app.id, 10)
    assert.deepEqual([push?.state, push?.toCommit, push?.user], ['accepted', commit, 'admin@example.test'])
  })

  it('is refused with the reason when its build fails, and nothing has moved', async (t) => {
    const { git, app, clone, main } = await setting(t)
    await clone.commit({ 'x.txt': 'x' })
    git.builder = async () => {
      throw new TasukiError('build_failed', 'Nothing here says how to start this app.')
    }
    const { code, out } = await clone.git('push', 'tasuki', 'main')
    assert.equal(code, 1, out)
    assert.match(out, /remote: {2}! {5}Nothing here says how to start this app\.\n/)
    assert.match(out, /! \[remote rejected\] main -> main \(Nothing here says how to start this app\)/)
    assert.equal(out.split('Nothing here says').length, 3, 'told once, and once as the reason')
    assert.equal(await main(), null)
    assert.equal((await git.store.tables.pushes.list(app.id, 1))[0]?.state, 'refused')
  })

  it('is refused when its rollout fails; the same commit can be pushed again', async (t) => {
    const { clone, outcome, main } = await setting(t)
    await clone.commit({ 'x.txt': '1' })
    await clone.must('push', 'tasuki', 'main')
    const first = await main()
    const second = await clone.commit({ 'x.txt': '2' })
    outcome.next = 'returned'
    const { code, out } = await clone.git('push', 'tasuki', 'main')
    assert.equal(code, 1, out)
    assert.match(
      out,
      /\[remote rejected\] main -> main \(v3 was taken back, v2 serves on: The test says so\)/,
    )
    assert.match(out, /remote: -----> Receipt/)
    assert.equal(await main(), first)
    outcome.next = 'succeeded'
    await clone.must('push', 'tasuki', 'main')
    assert.equal(await main(), second)
  })

  it('goes on when a config change takes over on behalf of the same commit', async (t) => {
    const { git, app, clone, main, outcome } = await setting(t)
    outcome.next = 'nothing'
    const commit = await clone.commit({ 'x.txt': '1' })
    const pushing = clone.git('push', 'tasuki', 'main')
    await until('it', async () => (await git.store.tables.rollouts.running(app.id)) !== null)
    const first = (await git.store.tables.rollouts.running(app.id))!
    outcome.next = 'succeeded'
    await git.services.config.change(app, { KEY: 'value' }, ALICE)
    await git.engine.finishSuperseded({ ...first, outcome: 'superseded' })
    const { code, out } = await pushing
    assert.equal(code, 0, out)
    assert.match(out, /v3 serves at/)
    assert.equal(await main(), commit)
  })

  it('of master is deployed as well, and is what a clone checks out', async (t) => {
    const { git, clone } = await setting(t)
    await clone.commit({ 'x.txt': 'from master' })
    await clone.must('push', 'tasuki', 'main:master')
    const copy = new Clone(tempDir(t, 'copy'))
    await copy.must('clone', '-q', git.address('shop'), '.')
    assert.equal(await readFile(join(copy.directory, 'x.txt'), 'utf8'), 'from master')
  })

  it('that rewinds needs force, and says what is no longer in it', async (t) => {
    const { clone, main } = await setting(t)
    await clone.commit({ 'x.txt': '1' })
    const second = await clone.commit({ 'x.txt': '2' })
    await clone.must('push', 'tasuki', 'main')
    await clone.must('reset', '-q', '--hard', 'HEAD~1')
    const other = await clone.commit({ 'x.txt': '3' })
    assert.match((await clone.git('push', 'tasuki', 'main')).out, /non-fast-forward/)
    assert.equal(await main(), second)
    const { code, out } = await clone.git('push', '--force', 'tasuki', 'main')
    assert.equal(code, 0, out)
    assert.ok(out.includes(`It does not contain ${second.slice(0, 8)}, which was deployed before`), out)
    assert.equal(await main(), other)
  })

  it('waits for one that is under way; the later of two rivals is refused', async (t) => {
    const { git, app, clone, main, outcome } = await setting(t)
    await clone.commit({ 'x.txt': '0' })
    await clone.must('push', 'tasuki', 'main')
    const rival = new Clone(tempDir(t, 'rival'))
    await rival.must('clone', '-q', git.address('shop'), '.')
    const first = await clone.commit({ 'x.txt': '1' })
    await rival.commit({ 'x.txt': '2' })
    outcome.next = 'nothing'
    const one = clone.git('push', 'tasuki', 'main')
    await until('it', async () => (await git.store.tables.rollouts.running(app.id)) !== null)
    const other = rival.follow('push', 'origin', 'main')
    await until('it', async () => other.said().includes('this one waits for it'))
    outcome.next = 'succeeded'
    await git.engine.finish(app.id)
    assert.equal((await one).code, 0)
    const { code, out } = await other.ended
    assert.equal(code, 1, out)
    assert.match(out, /main was moved by another push meanwhile/)
    assert.equal(git.builds.length, 2, 'the rival was not built')
    assert.equal(await main(), first)
  })

  it('goes on when the client is gone', async (t) => {
    const { git, app, clone, main, outcome } = await setting(t)
    outcome.next = 'nothing'
    const commit = await clone.commit({ 'x.txt': '1' })
    const { kill, ended } = clone.follow('push', 'tasuki', 'main')
    await until('it', async () => (await git.store.tables.rollouts.running(app.id)) !== null)
    kill()
    await ended
    await git.engine.finish(app.id)
    await until('it', async () => (await main()) === commit)
  })

  it('that a control plane left behind is completed by the next', async (t) => {
    const { git, app, clone, main, outcome } = await setting(t)
    outcome.next = 'nothing'
    const commit = await clone.commit({ 'x.txt': '1' })
    const pushing = clone.git('push', 'tasuki', 'main')
    await until('it', async () => (await git.store.tables.rollouts.running(app.id)) !== null)
    await git.services.pushes.stop()
    const { code, out } = await pushing
    assert.equal(code, 1, out)
    assert.match(out, /The server is being stopped/)
    assert.equal(await main(), null)
    const next = createServices(git.deps)
    await next.pushes.start()
    await git.engine.finish(app.id)
    await until('it', async () => (await main()) === commit)
    await until('it', async () => (await git.store.tables.pushes.list(app.id, 1))[0]?.state === 'accepted')
    await next.pushes.stop()
  })

  it('out of a shallow clone is taken, and later ones on top of it', async (t) => {
    const { git, clone, main } = await setting(t)
    await clone.commit({ 'x.txt': '1' })
    await clone.commit({ 'x.txt': '2' })
    const shallow = new Clone(tempDir(t, 'shallow'))
    await shallow.must('clone', '-q', '--depth', '1', `file://${clone.directory}`, '.')
    const commit = await shallow.commit({ 'x.txt': '3' })
    await shallow.must('push', git.address('shop'), 'main')
    assert.equal(await main(), commit)
    const later = await shallow.commit({ 'x.txt': '4' })
    await shallow.must('push', git.address('shop'), 'main')
    assert.equal(await main(), later)
    const copy = new Clone(tempDir(t, 'copy'))
    await copy.must('clone', '-q', git.address('shop'), '.')
    await copy.must('fsck', '--full')
  })
})

describe('what is not deployed', () => {
  it('is kept when it is a branch or a tag, with a word on how to deploy it', async (t) => {
    const { git, app, clone } = await setting(t)
    const commit = await clone.commit({ 'x.txt': '1' })
    await clone.must('tag', '-a', '-m', 'One', 'v1')
    const out = await clone.must('push', 'tasuki', 'main:try/it', 'v1')
    assert.ok(
      out.includes(`remote: -----> Branch try/it was kept at ${commit.slice(0, 8)}; nothing was deployed`),
      out,
    )
    assert.match(out, /To deploy it: git push tasuki try\/it:main/)
    assert.match(out, /Tag v1 was kept/)
    assert.equal(await git.services.repositories.idOf(app.id, 'refs/heads/try/it'), commit)
    assert.equal(git.builds.length, 0)
    assert.match(await clone.must('push', 'tasuki', ':try/it'), /Branch try\/it was removed/)
    assert.equal(await git.services.repositories.idOf(app.id, 'refs/heads/try/it'), null)
  })

  it('is refused when it would delete main, is another kind of ref, or both main and master', async (t) => {
    const { clone, main } = await setting(t)
    const commit = await clone.commit({ 'x.txt': '1' })
    await clone.must('push', 'tasuki', 'main')
    const deleting = await clone.git('push', 'tasuki', ':main')
    assert.match(deleting.out, /\[remote rejected\] main \(main can not be deleted/)
    await clone.commit({ 'x.txt': '2' })
    assert.match(
      (await clone.git('push', 'tasuki', 'main:refs/notes/x')).out,
      /only branches and tags are kept/,
    )
    assert.match((await clone.git('push', 'tasuki', 'main', 'main:master')).out, /push one of them at a time/)
    assert.equal(await main(), commit)
  })

  it('stays away as a whole when the push is atomic and its deploy fails', async (t) => {
    const { git, app, clone, outcome } = await setting(t)
    outcome.next = 'failed'
    await clone.commit({ 'x.txt': '1' })
    const { code, out } = await clone.git('push', '--atomic', 'tasuki', 'main', 'main:other')
    assert.equal(code, 1, out)
    assert.match(out, /main -> other \(/)
    assert.equal(await git.services.repositories.idOf(app.id, 'refs/heads/other'), null)
  })

  it('is refused by name when it holds submodules or LFS pointers', async (t) => {
    const { git, clone } = await setting(t)
    const commit = await clone.commit({ 'x.txt': '1' })
    const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${'a'.repeat(64)}\nsize 12345\n`
    await clone.commit({
      'assets/big film.bin': pointer,
      'docs.md': `See version https://git-lfs.github.com/spec/v1`,
    })
    const lfs = await clone.git('push', 'tasuki', 'main')
    assert.match(lfs.out, /Only the LFS pointers of these files were pushed: assets\/big film\.bin\)/)
    await clone.must('rm', '-q', '-r', 'assets')
    await clone.must('update-index', '--add', '--cacheinfo', `160000,${commit},vendor/lib`)
    await clone.must('commit', '-q', '-m', 'Submodule')
    const submodule = await clone.git('push', 'tasuki', 'main')
    assert.match(submodule.out, /Submodules are not fetched: vendor\/lib\)/)
    assert.equal(git.builds.length, 0)
  })

  it('is refused above the limits of the server, which say how large it may be', async (t) => {
    const large = randomBytes(300_000).toString('base64')
    const small = await setting(t, { mostPushBytes: 200_000 })
    await small.clone.commit({ 'x.txt': large })
    const push = await small.clone.git('push', 'tasuki', 'main')
    assert.equal(push.code, 1)
    assert.match(push.out, /pack exceeds maximum allowed size \(195\.31 KiB\)/)
    assert.equal(await small.main(), null)
    const source = await setting(t, { mostSourceBytes: 200_000 })
    await source.clone.commit({ 'x.txt': large })
    assert.match((await source.clone.git('push', 'tasuki', 'main')).out, /more than 200000 bytes/)
  })
})

async function namesIn(tarball: string): Promise<string[]> {
  const found: string[] = []
  await list({ file: tarball, onReadEntry: (entry) => void found.push(String(entry.path)) })
  return found.filter((name) => !name.endsWith('/')).sort()
}
