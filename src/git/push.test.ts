import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { describe, it, type TestContext } from 'node:test'
import { list } from 'tar'
import { TasukiError } from '../domain/errors.ts'
import { ALICE } from '../services/testing.ts'
import { artifactNamed } from '../store/testing.ts'
import { Clone, type LiveGit, liveGit } from './testing.ts'

/** An app with a clone beside it; builds name the artifact after the commit, rollouts end as `outcome` says. */
async function setting(t: TestContext, settings: Parameters<typeof liveGit>[1] = {}) {
  const git = await liveGit(t, settings)
  const app = await git.services.apps.create('shop', ALICE)
  const clone = await Clone.fresh(t)
  await clone.must('remote', 'add', 'tasuki', git.address('shop'))
  const outcome = { next: 'succeeded' as 'succeeded' | 'failed' | 'returned' }
  git.builder = async ({ commit, log }) => {
    log('-----> Building')
    return artifactNamed(commit!.slice(0, 1), { commit })
  }
  endRollouts(git, outcome)
  const main = () => git.services.repositories.idOf(app.id, 'refs/heads/main')
  return { git, app, clone, outcome, main }
}

/** As soon as the engine is told of a rollout, it ends. */
function endRollouts(git: LiveGit, outcome: { next: 'succeeded' | 'failed' | 'returned' }): void {
  const poke = git.engine.poke.bind(git.engine)
  git.engine.poke = (appId) => {
    poke(appId)
    setImmediate(() => void git.engine.finish(appId, outcome.next))
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
})

async function namesIn(tarball: string): Promise<string[]> {
  const found: string[] = []
  await list({ file: tarball, onReadEntry: (entry) => found.push(String(entry.path)) })
  await readFile(tarball)
  return found.filter((name) => !name.endsWith('/')).sort()
}
void TasukiError
