import assert from 'node:assert/strict'
import { chmod, cp, mkdir, readFile, writeFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { TestApp, TestServer } from '../harness/index.ts'
import { ROOT, Runner } from './runner.ts'
import { given } from './steps.ts'

const HELLO = join(ROOT, 'examples/hello')
const FROM = ['--tasuki', 'acme/tasuki@v1']

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

  function runner(secrets: Readonly<Record<string, string>>, env: Readonly<Record<string, string>> = {}) {
    return new Runner({ directory: server.directory, secrets, env })
  }

  const all = () => runner({ TASUKI_URL: `http://${server.api}`, TASUKI_TOKEN: token })

  /** A checkout of the app on the runner, with the workflow in it, and its commit. */
  async function checkout(
    name: string,
    flags: readonly string[],
    files: Readonly<Record<string, string>> = {},
  ): Promise<{ readonly directory: string; readonly commit: string }> {
    const directory = join(server.directory, name)
    await cp(HELLO, directory, { recursive: true })
    for (const [file, text] of Object.entries(files)) await writeFile(join(directory, file), text)
    const commit = await all().commit(directory)
    await all().init(directory, '-a', 'pushed', ...flags)
    return { directory, commit }
  }

  test('GitHub: a push deploys the source, and the job’s page shows the receipt', async () => {
    const { directory, commit } = await checkout('github', ['--github', ...FROM])
    const ran = await all().deployFromGithub(directory, commit)
    assert.equal(ran.code, 0, ran.stdout + ran.stderr)
    assert.equal((await app.visit()).status, 200)
    const summary = await readFile(all().summary, 'utf8')
    assert.match(summary, /^### pushed\n```\n.*v2 started/)
    assert.ok(!(ran.stdout + ran.stderr + summary).includes(token), 'the token is shown nowhere')
  })

  test('GitHub: a secret that is missing fails the job at once, and says which', async () => {
    const { directory, commit } = await checkout('secretless', ['--github', ...FROM])
    const without = runner({ TASUKI_URL: `http://${server.api}` })
    const ran = await without.deployFromGithub(directory, commit)
    assert.equal(ran.code, 2)
    assert.match(ran.stderr, /These are not set: TASUKI_TOKEN\./)
  })

  test('GitHub: a release that fails fails the job with the exit code of the deploy, and what runs serves on', async () => {
    const broken = { Procfile: 'web: exit 3\n' }
    const { directory, commit } = await checkout('broken', ['--github', ...FROM], broken)
    const ran = await all().deployFromGithub(directory, commit)
    assert.equal(ran.code, 7, ran.stdout + ran.stderr)
    assert.equal((await app.visit()).status, 200)
  })

  test('GitHub: an image is built, and pushed by its commit and as the latest, with the password on no command line', async () => {
    const image = 'registry.test:5000/acme/pushed'
    const flags = ['--github', ...FROM, '--image', image]
    const { directory, commit } = await checkout('image', flags, { Dockerfile: 'FROM scratch\n' })
    const docker = await recordedDocker(join(server.directory, 'bin'))
    const secrets = { REGISTRY_USER: 'pusher', REGISTRY_PASSWORD: 'hush hush' }
    const ran = await runner(secrets, docker.env).buildAtGithub(directory, commit)
    assert.equal(ran.code, 0, ran.stderr)
    const calls = await docker.calls()
    assert.deepEqual(calls[0], ['login registry.test:5000 --username pusher --password-stdin', 'hush hush'])
    assert.match(
      calls[1]![0]!,
      new RegExp(`^build .*--tag ${image}:sha-${commit} --tag ${image}:latest \\.$`),
    )
    const pushed = calls.slice(2).map(([command]) => command)
    assert.deepEqual(pushed, [`push ${image}:sha-${commit}`, `push ${image}:latest`])
    const workflow = await readFile(join(directory, '.github/workflows/deploy.yml'), 'utf8')
    const names = ['TASUKI_URL', 'TASUKI_TOKEN', 'TASUKI_CA']
    const nothing = Object.fromEntries(names.map((name) => [`secrets.${name}`, '']))
    const handed = given(workflow, { ...nothing, 'env.IMAGE': image, 'github.sha': commit })
    assert.equal(handed.image, `${image}:sha-${commit}`)
  })

  test('GitLab: the job fetches Tasuki at its commit, and deploys the source', async () => {
    const flags = ['--gitlab', '--branch', 'main', '--tasuki', `file://${ROOT}@HEAD`]
    const { directory, commit } = await checkout('gitlab', flags)
    const ran = await all().runAtGitlab(directory, commit, 'deploy')
    assert.equal(ran.code, 0, ran.stdout + ran.stderr)
    assert.match(ran.stdout, /v\d+ took over from v2/)
    const [newest] = await app.rollouts()
    assert.equal(newest?.status, 'succeeded')
  })
})

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
