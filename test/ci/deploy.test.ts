import assert from 'node:assert/strict'
import { chmod, cp, mkdir, readFile, writeFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type Ran, run, TestApp, TestServer } from '../harness/index.ts'
import { actionSteps, gitlabJob, given, type ShellStep, workflowSteps } from './steps.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const ACTION = new URL('../../action.yml', import.meta.url)
const HELLO = join(ROOT, 'examples/hello')
const COMMIT = '5d41402abc4b2a76b9719d911017c592aa11bb22'

describe('the jobs that `tasuki init` writes', () => {
  let server: TestServer
  let app: TestApp
  let token: string
  before(async () => {
    server = await TestServer.start()
    app = await TestApp.create(server, { name: 'pushed' })
    token = await server.token()
  })
  after(() => server.close())

  /** A checkout of the app on the runner. */
  async function checkout(name: string): Promise<string> {
    const directory = join(server.directory, name)
    await cp(HELLO, directory, { recursive: true })
    for (const args of [
      ['init', '-q', '-b', 'main'],
      ['add', '-A'],
      ['commit', '-q', '-m', 'Begin'],
    ])
      await run('git', ['-C', directory, '-c', 'user.name=T', '-c', 'user.email=t@example.com', ...args])
    return directory
  }

  /** The steps of the action with what the workflow hands to it, run as the runner does. */
  async function act(workflow: string, directory: string, secrets: Readonly<Record<string, string>>) {
    const values = { ...secretsOf(secrets), 'github.sha': COMMIT, 'env.IMAGE': 'registry.test/pushed' }
    const inputs = given(workflow, values)
    const defaults = { image: '', directory: '.', ca: '', 'allow-lost': 'false' }
    const filled = Object.entries({ ...defaults, ...inputs }).map(([key, value]) => [`inputs.${key}`, value])
    const steps = actionSteps(ACTION, Object.fromEntries(filled))
    const deploy = steps.find(({ name }) => name === 'Deploy')
    assert.ok(deploy, 'the action has a step that deploys')
    return shell(deploy, directory)
  }

  function shell(step: ShellStep, cwd: string, env: Readonly<Record<string, string>> = {}): Promise<Ran> {
    const summary = join(server.directory, 'summary.md')
    const runner = {
      GITHUB_ACTION_PATH: ROOT,
      GITHUB_STEP_SUMMARY: summary,
      GITHUB_SHA: COMMIT,
      NO_COLOR: '1',
    }
    return run('sh', ['-e', '-c', step.run], {
      cwd,
      env: { ...runner, ...step.env, ...env, HOME: server.directory },
    })
  }

  async function init(directory: string, ...flags: readonly string[]): Promise<void> {
    const args = ['init', '-a', 'pushed', ...flags]
    const ran = await run(join(ROOT, 'bin/tasuki'), args, { cwd: directory })
    assert.equal(ran.code, 0, ran.stderr)
  }

  test('GitHub: a push deploys the source, and the job’s page shows the receipt', async () => {
    const directory = await checkout('github')
    await init(directory, '--github', '--tasuki', 'acme/tasuki@v1')
    const workflow = await readFile(join(directory, '.github/workflows/deploy.yml'), 'utf8')
    const ran = await act(workflow, directory, { TASUKI_URL: `http://${server.api}`, TASUKI_TOKEN: token })
    assert.equal(ran.code, 0, ran.stdout + ran.stderr)
    assert.equal((await app.visit()).status, 200)
    const summary = await readFile(join(server.directory, 'summary.md'), 'utf8')
    assert.match(summary, /^### pushed\n```\n.*v2 started/)
    assert.ok(!(ran.stdout + ran.stderr + summary).includes(token), 'the token is shown nowhere')
  })

  test('GitHub: a secret that is missing fails the job at once, and says which', async () => {
    const directory = await checkout('secretless')
    await init(directory, '--github', '--tasuki', 'acme/tasuki@v1')
    const workflow = await readFile(join(directory, '.github/workflows/deploy.yml'), 'utf8')
    const ran = await act(workflow, directory, { TASUKI_URL: `http://${server.api}` })
    assert.equal(ran.code, 2)
    assert.match(ran.stderr, /These are not set: TASUKI_TOKEN\./)
  })

  test('GitHub: a release that fails fails the job with the exit code of the deploy, and what runs serves on', async () => {
    const directory = await checkout('broken')
    await writeFile(join(directory, 'Procfile'), 'web: exit 3\n')
    await init(directory, '--github', '--tasuki', 'acme/tasuki@v1')
    const workflow = await readFile(join(directory, '.github/workflows/deploy.yml'), 'utf8')
    const ran = await act(workflow, directory, { TASUKI_URL: `http://${server.api}`, TASUKI_TOKEN: token })
    assert.equal(ran.code, 7, ran.stdout + ran.stderr)
    assert.equal((await app.visit()).status, 200)
  })

  test('GitHub: an image is built, and pushed by its commit and as the latest, with the password on no command line', async () => {
    const directory = await checkout('image')
    await writeFile(join(directory, 'Dockerfile'), 'FROM scratch\n')
    await init(
      directory,
      '--github',
      '--tasuki',
      'acme/tasuki@v1',
      '--image',
      'registry.test:5000/acme/pushed',
    )
    const workflow = await readFile(join(directory, '.github/workflows/deploy.yml'), 'utf8')
    const secrets = { REGISTRY_USER: 'pusher', REGISTRY_PASSWORD: 'hush hush' }
    const docker = await recordedDocker(join(server.directory, 'bin'))
    for (const step of workflowSteps(workflow, secretsOf(secrets))) {
      const ran = await shell(step, directory, docker.env)
      assert.equal(ran.code, 0, ran.stderr)
    }
    const image = 'registry.test:5000/acme/pushed'
    const calls = await docker.calls()
    assert.deepEqual(calls[0], ['login registry.test:5000 --username pusher --password-stdin', 'hush hush'])
    assert.match(
      calls[1]![0]!,
      new RegExp(`^build .*--tag ${image}:sha-${COMMIT} --tag ${image}:latest \\.$`),
    )
    const pushed = calls.slice(2).map(([command]) => command)
    assert.deepEqual(pushed, [`push ${image}:sha-${COMMIT}`, `push ${image}:latest`])
    assert.equal(
      given(workflow, { ...secretsOf({}), 'env.IMAGE': image, 'github.sha': COMMIT }).image,
      `${image}:sha-${COMMIT}`,
    )
  })

  test('GitLab: the job fetches Tasuki at its commit, and deploys the source', async () => {
    const directory = await checkout('gitlab')
    await init(directory, '--gitlab', '--branch', 'main', '--tasuki', `file://${ROOT}@HEAD`)
    const tools = await fakeNpm(join(server.directory, 'gitlab-bin'))
    const { script, env } = gitlabJob(await readFile(join(directory, '.gitlab-ci.yml'), 'utf8'), 'deploy')
    const variables = { TASUKI_URL: `http://${server.api}`, TASUKI_TOKEN: token, CI_PROJECT_DIR: directory }
    const ran = await run('sh', ['-e', '-c', script], {
      cwd: directory,
      env: { ...env, ...variables, PATH: `${tools}${delimiter}${process.env.PATH}`, HOME: server.directory },
    })
    assert.equal(ran.code, 0, ran.stdout + ran.stderr)
    assert.match(ran.stdout, /v\d+ took over from v2/)
    const [newest] = await app.rollouts()
    assert.equal(newest?.status, 'succeeded')
  })
})

/** Secrets as a runner fills them in: one that is not set is empty. */
function secretsOf(secrets: Readonly<Record<string, string>>): Record<string, string> {
  const names = ['TASUKI_URL', 'TASUKI_TOKEN', 'TASUKI_CA', 'REGISTRY_USER', 'REGISTRY_PASSWORD']
  return Object.fromEntries(names.map((name) => [`secrets.${name}`, secrets[name] ?? '']))
}

/** An `npm ci` that takes the packages of this very checkout, so that nothing comes over the network. */
async function fakeNpm(directory: string): Promise<string> {
  await mkdir(directory, { recursive: true })
  await writeFile(
    join(directory, 'npm'),
    `#!/bin/sh\n[ "$1" = ci ] && ln -s '${ROOT}node_modules' node_modules\n`,
  )
  await chmod(join(directory, 'npm'), 0o755)
  return directory
}

/** A `docker` that writes down how it was called, and what it was told. */
async function recordedDocker(directory: string) {
  await mkdir(directory, { recursive: true })
  const log = join(directory, 'docker.log')
  const script = `#!/bin/sh\nsaid=; [ "$1" = login ] && said=$(cat)\nprintf '%s\\t%s\\n' "$*" "$said" >> '${log}'\n`
  await writeFile(join(directory, 'docker'), script)
  await chmod(join(directory, 'docker'), 0o755)
  return {
    env: { PATH: `${directory}${delimiter}${process.env.PATH}` },
    calls: async () =>
      (await readFile(log, 'utf8'))
        .trimEnd()
        .split('\n')
        .map((line) => line.split('\t').filter((part) => part !== '')),
  }
}
