import assert from 'node:assert/strict'
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { after, afterEach, before, describe, type TestContext, test } from 'node:test'
import { ROOT, Runner } from '../ci/runner.ts'
import type { Subject } from '../e2e/subject.ts'
import { losesNothing } from '../e2e/under-load.ts'
import { type Ran, run, TestApp, until } from '../harness/index.ts'
import { DOCKERFILE, LabFleet } from './fleet.ts'
import { Lab, type LabRegistry } from './lab.ts'
import { losesNothingIdempotent, MODEST } from './under-faults.ts'

describe('images from a registry on machines of its own', { skip: Lab.whyNot() ?? false }, () => {
  let fleet: LabFleet
  let registry: LabRegistry
  let subject: Subject

  before(async () => {
    fleet = await LabFleet.start({ hosts: 2 })
    registry = await fleet.lab.registry('h1')
    const { address, user, password, ca } = registry
    const login = { user, password }
    await fleet.must('PUT', '/tasuki/registry', {
      ...{ url: `https://${address}`, push: login, pull: login },
      authority: await readFile(ca, 'utf8'),
    })
    subject = await fleet.subject({ files: { Dockerfile: DOCKERFILE } })
  })
  afterEach((t) => fleet.tell(t as TestContext))
  after(() => fleet?.close())

  /** What an instance says of itself. */
  const release = async () => JSON.parse((await subject.app.visit('/')).body).release as string

  test('a Dockerfile is built, pushed by tag, and runs by digest on every host', async (t) => {
    await losesNothing(t, subject, MODEST, () => subject.mustDeploy())
    await fleet.whole(subject, 2)
    for (const host of fleet.lab.hosts) {
      const images = await fleet.lab.exec(host, "docker ps -q | xargs docker inspect -f '{{.Config.Image}}'")
      assert.match(images, new RegExp(`^${registry.address}/subject@sha256:[0-9a-f]{64}\n$`))
    }
  })

  test('no host keeps a login', async () => {
    for (const host of fleet.lab.hosts) {
      const found = await fleet.lab.exec(
        host,
        `grep -rl ${registry.password} /root /home /etc/docker || true`,
      )
      assert.equal(found, '')
    }
  })

  test('the jobs of CI build, push and deploy a commit, and its release is gone back to by it', async () => {
    const image = `${registry.address}/acme/pushed`
    const app = await TestApp.create(fleet.server, { name: 'pushed' })
    await fleet.must('PUT', '/tasuki/apps/pushed/placement', { runtime: 'docker', label: 'apps' })
    const runner = await runnerOf(fleet, registry)
    const directory = await checkout(fleet, registry)
    const flags = ['-a', 'pushed', '--image', image, '--tasuki']
    await runner.init(directory, '--github', ...flags, 'acme/tasuki@v1')
    await runner.init(directory, '--gitlab', ...flags, `file://${ROOT}@HEAD`)
    const serves = async () => (await app.visit()).body

    const first = await runner.commit(directory)
    succeeded(await runner.buildAtGithub(directory, first))
    succeeded(await runner.deployFromGithub(directory, first, image))
    assert.equal(await serves(), first)
    assert.equal((await app.dynos()).length, 2, 'as its app.json says')

    await writeFile(join(directory, 'news'), 'one more commit')
    const second = await runner.commit(directory)
    succeeded(await runner.runAtGitlab(directory, second, 'build'))
    succeeded(await runner.runAtGitlab(directory, second, 'deploy'))
    assert.equal(await serves(), second)
    const tags = await registryTags(registry, 'acme/pushed')
    assert.deepEqual(tags.names, ['latest', `sha-${first}`, `sha-${second}`].sort())
    assert.equal(tags.digests.get('latest'), tags.digests.get(`sha-${second}`))

    const { stdout } = await app.must(['rollback', `sha-${first}`])
    assert.match(stdout, /took over/)
    assert.equal(await serves(), first)
    await app.destroy()
  })

  test('SSH is cut in the middle of a build: it fails in time, nothing of it stays, and the next one works', async (t) => {
    const before = await release()
    const building = () =>
      fleet.lab.exec('h1', "ps -eo args | grep -c '[s]leep 4244' || true").then((many) => many.trim() !== '0')
    await losesNothing(t, subject, MODEST, async () => {
      const deploy = subject.deploy({}, {}, { Dockerfile: `${DOCKERFILE}RUN sleep 4244\n` })
      await until('the build to be under way', building)
      await fleet.lab.cutSsh('h1')
      const cut = performance.now()
      const { code, stdout, stderr } = await deploy
      assert.ok(performance.now() - cut < 30_000, `${performance.now() - cut} ms`)
      assert.equal(code, UNAVAILABLE, stdout + stderr)
      assert.match(stdout + stderr, /h1/)
      t.diagnostic(stderr.trim())
      await until('it to have ended on the host', async () => !(await building()))
      assert.deepEqual(await readdir(join(fleet.server.directory, 'data/build')), [])
      assert.equal(await release(), before)
    })
    await subject.mustDeploy()
    assert.notEqual(await release(), before)
  })

  test('without its registry the app serves on, a deploy fails early, and going back works', async (t) => {
    const before = await release()
    await losesNothingIdempotent(t, subject, async () => {
      await fleet.lab.stop('h1', 'registry')
      const ran = await subject.deploy()
      assert.notEqual(ran.code, 0, ran.stdout)
      assert.match(ran.stdout + ran.stderr, new RegExp(registry.address))
      assert.equal(await release(), before)
      await fleet.whole(subject, 2)
      // Both hosts have what ran before.
      await subject.app.must(['rollback'])
      assert.notEqual(await release(), before)
      await fleet.whole(subject, 2)
      await fleet.lab.resume('h1', 'registry')
    })
  })
})

const RUNNER = 'h3'
/** How `tasuki deploy` ends when a host or server does not answer. */
const UNAVAILABLE = 9
const SERVER = `require('http')
  .createServer((_, response) => response.end(process.env.TASUKI_COMMIT))
  .listen(process.env.PORT, process.env.HOST)
`

/** A checkout on the runner whose image is made of one that the registry has, as that of a company would be. */
async function checkout({ server, lab }: LabFleet, registry: LabRegistry): Promise<string> {
  const directory = join(server.directory, 'checkout')
  const base = `${registry.address}/base/node:24`
  const push = `docker tag lab/node ${base} && docker push -q ${base} && docker rmi ${base}`
  await lab.exec(
    RUNNER,
    `docker login -u ${registry.user} -p ${registry.password} ${registry.address} && ${push}`,
  )
  await mkdir(directory)
  const check = { type: 'readiness', path: '/', interval: 1 }
  const about = {
    formation: { web: { quantity: 2 } },
    healthchecks: { web: [check] },
    tasuki: { bake_seconds: 0 },
  }
  for (const [file, content] of Object.entries({
    'app.json': JSON.stringify(about),
    Dockerfile: `FROM ${base}\nWORKDIR /app\nCOPY . .\nCMD ["node", "server.cjs"]\n`,
    'server.cjs': SERVER,
  }))
    await writeFile(join(directory, file), content)
  return directory
}

/** A machine of CI: one of the lab that is no host of the fleet, and Debian's `docker` to tell its Docker what to do. */
async function runnerOf({ server, lab }: LabFleet, registry: LabRegistry): Promise<Runner> {
  await lab.grow(3)
  await lab.registry('h1')
  // BuildKit looks only at its start for the authorities that it is to trust.
  await lab.crash(RUNNER, 'dockerd')
  await until('Docker to answer', () => lab.docker(RUNNER, 'ps').then(Boolean, () => false))
  const directory = join(server.directory, 'runner')
  const tools = join(directory, 'bin')
  await mkdir(tools, { recursive: true })
  await symlink('/usr/bin/docker', join(tools, 'docker'))
  const secrets = { TASUKI_URL: `http://${server.api}`, TASUKI_TOKEN: await server.token() }
  const login = { REGISTRY_USER: registry.user, REGISTRY_PASSWORD: registry.password }
  const env = { DOCKER_HOST: `unix://${lab.socket(RUNNER)}`, PATH: `${tools}${delimiter}${process.env.PATH}` }
  return new Runner({ directory, secrets: { ...secrets, ...login }, env })
}

function succeeded({ code, stdout, stderr }: Ran): void {
  assert.equal(code, 0, stdout + stderr)
}

async function registryTags(registry: LabRegistry, repository: string) {
  const path = `https://${registry.address}/v2/${repository}`
  const auth = ['--cacert', registry.ca, '--user', `${registry.user}:${registry.password}`]
  const names: string[] = JSON.parse((await run('curl', ['-sS', ...auth, `${path}/tags/list`])).stdout).tags
  const digests = new Map<string, string>()
  for (const name of names) {
    const accept = ['-H', 'accept: application/vnd.docker.distribution.manifest.v2+json']
    const { stdout } = await run('curl', ['-sSI', ...auth, ...accept, `${path}/manifests/${name}`])
    digests.set(name, /^docker-content-digest: (\S+)/im.exec(stdout)?.[1] ?? name)
  }
  return { names: names.sort(), digests }
}
