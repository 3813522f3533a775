import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it, type TestContext } from 'node:test'
import { Lab } from '../../../test/lab/lab.ts'
import type { Artifact } from '../../domain/artifact.ts'
import type { RegistryAccess } from '../../domain/registry.ts'
import { OwnRegistry } from '../../registry/own/own-registry.ts'
import type { DockerHost } from '../../runtime/docker/host.ts'
import { artifactNamed } from '../../store/testing.ts'
import { lookAt } from '../source/look.ts'
import { forgetImages } from './forget.ts'
import { ImageBuilder } from './image-builder.ts'
import { ImageStore } from './image-store.ts'
import { introduceRegistry } from './introduce.ts'
import { BASE, hostOf, outputOf, putBase, requestFor, treeOf } from './testing.ts'

const whyNot = Lab.whyNot()
const KEYS = { push: { user: 'push', password: 'p-s3cret' }, pull: { user: 'pull', password: 'l-s3cret' } }

describe('images on the hosts', { skip: whyNot ?? false }, () => {
  let lab: Lab
  let h1: DockerHost
  let h2: DockerHost
  let scratch: string
  before(async () => {
    lab = await Lab.start({ hosts: 2, images: false })
    await putBase(lab, 'h1')
    h1 = hostOf(lab, 'h1')
    h2 = hostOf(lab, 'h2')
    scratch = mkdtempSync(join(tmpdir(), 'tasuki-scratch-'))
  })
  after(async () => {
    h1?.close()
    h2?.close()
    await lab?.down()
    rmSync(scratch, { recursive: true, force: true })
  })

  /** A registry on this machine, where the lab's hosts reach it. */
  const registryOf = async (
    t: TestContext,
    port: number,
  ): Promise<RegistryAccess & { readonly own: OwnRegistry }> => {
    const data = mkdtempSync(join(tmpdir(), 'tasuki-images-'))
    const own = new OwnRegistry(data, { warn: () => undefined })
    t.after(async () => {
      await own.stop()
      rmSync(data, { recursive: true, force: true })
    })
    const authority = await own.start({ host: lab.desk, port }, KEYS)
    return { host: `${lab.desk}:${port}`, prefix: 'team/', tls: true, authority, ...KEYS, own }
  }

  const made = async (t: TestContext, mark: string, registry: RegistryAccess | null = null, bytes = 1) => {
    const dir = treeOf(t, {
      Dockerfile: `FROM ${BASE}\nRUN echo ${mark} >/mark; head -c ${bytes} /dev/urandom >/weight\nCMD ["cat","/mark"]\n`,
    })
    const request = requestFor()
    const builder = new ImageBuilder({
      builder: () => h1,
      registry: async () => registry,
      introduce: (host) => introduced(host.id === h1.id ? h1 : h2, registry),
      appName: async () => 'shop',
    })
    return { artifact: await builder.build(await lookAt(dir), request), lines: request.lines }
  }

  const introduced = async (host: DockerHost, registry: RegistryAccess | null) => {
    if (!registry?.authority) return false
    await introduceRegistry(host, registry.host, registry.authority)
    return true
  }

  const storeFor = (
    artifacts: readonly Artifact[],
    more: { registry?: RegistryAccess; slugPath?: string; base?: string } = {},
  ) =>
    new ImageStore({
      scratch,
      artifact: async (digest) => artifacts.find((one) => one.digest === digest)!,
      slugPath: () => more.slugPath!,
      hosts: () => [h1, h2],
      pullLogin: async (host) => (host === more.registry?.host ? more.registry.pull : null),
      introduce: (host) => introduced(host.id === h1.id ? h1 : h2, more.registry ?? null),
      slugBase: async () => (more.base ? { ref: more.base, id: more.base } : null),
    })

  it('come from the host that has them where there is no registry, once however often they are asked for', async (t) => {
    const { artifact } = await made(t, 'streamed')
    assert.deepEqual(
      [artifact.kind, artifact.image?.repository, artifact.image?.id],
      ['image', null, artifact.digest],
    )
    assert.deepEqual(artifact.processTypes, { web: '' })
    const store = storeFor([artifact])
    const names = await Promise.all([1, 2, 3].map(() => store.ensure(h2, artifact.digest)))
    assert.deepEqual(new Set(names), new Set([artifact.digest]))
    assert.equal(await outputOf(lab, 'h2', names[0]!, 'cat /mark'), 'streamed\n')
    assert.equal(await store.ensure(h1, artifact.digest), artifact.digest)
  })

  it('are given without the layers that a host has, unless its engine needs all of them', async (t) => {
    const dir = (mark: string) =>
      treeOf(t, {
        Dockerfile: `FROM ${BASE}\nRUN head -c 3000000 /dev/zero >/same\nRUN echo ${mark} >/mark\nCMD ["true"]\n`,
      })
    const builder = new ImageBuilder({
      builder: () => h1,
      registry: async () => null,
      introduce: async () => false,
      appName: async () => 'layers',
    })
    const built = async (mark: string) => builder.build(await lookAt(dir(mark)), requestFor({ commit: null }))
    const [one, two, three] = [await built('one'), await built('two'), await built('three')]
    const sent: number[] = []
    let refusals = 0
    const docker = new Proxy(h2.docker, {
      get: (target, name) =>
        name !== 'loadImage'
          ? Reflect.get(target, name)
          : async (stream: NodeJS.ReadableStream, options: object) => {
              const at = sent.push(0) - 1
              stream.on('data', (chunk: Buffer) => {
                sent[at] = sent[at]! + chunk.length
              })
              if (refusals-- <= 0) return target.loadImage(stream, options)
              throw Object.assign(new Error('content digest not found'), { statusCode: 500 })
            },
    })
    const counted = { id: h2.id, name: h2.name, docker, reachable: () => true }
    const store = storeFor([one, two, three])
    await store.ensure(counted, one.digest)
    await store.ensure(counted, two.digest)
    assert.ok(sent[0]! > 3_000_000 && sent[1]! < 1_000_000, sent.join(' '))
    refusals = 1
    const image = await store.ensure(counted, three.digest)
    assert.ok(sent[3]! > 3_000_000, sent.join(' '))
    assert.equal(await outputOf(lab, 'h2', image, 'cat /mark; wc -c </same'), 'three\n3000000\n')
    assert.deepEqual(readdirSync(scratch), [])
  })

  it('that nobody has can not be had, and that is said at once', async () => {
    const digest = `sha256:${'9'.repeat(64)}`
    const image = { ref: digest, id: digest, repository: null }
    const store = storeFor([artifactNamed('9', { kind: 'image', image })])
    await assert.rejects(store.ensure(h2, digest), { code: 'image_unavailable', message: /No Docker host/ })
  })

  it('are slugs on the base image, which begin their commands as on the server', async (t) => {
    const slugPath = treeOf(t, {
      'server.sh': 'echo "$PWD $GREETING"',
      '.tasuki/slug.json': JSON.stringify({ launcher: '.tasuki/launch' }),
      '.tasuki/launch': '#!/bin/sh\nexport GREETING=prepared\nexec "$@"\n',
      'tools/one': '#!/bin/sh\necho tool\n',
    })
    const { chmodSync } = await import('node:fs')
    for (const file of ['.tasuki/launch', 'tools/one']) chmodSync(join(slugPath, file), 0o700)
    const slug = artifactNamed('5')
    await assert.rejects(storeFor([slug], { slugPath }).ensure(h1, slug.digest), { code: 'setup_missing' })
    const base = (await h1.docker.getImage(BASE).inspect()).Id
    const store = storeFor([slug], { slugPath, base })
    // Left behind by a control plane that died in the middle.
    await h1.docker.createContainer({ name: `tasuki-slug-${'5'.repeat(24)}`, Image: BASE, Cmd: ['true'] })
    for (const [host, name] of [
      [h1, 'h1'],
      [h2, 'h2'],
    ] as const) {
      const image = await store.ensure(host, slug.digest)
      const said = await outputOf(
        lab,
        name,
        image,
        'sh server.sh; one; touch /app/x 2>/dev/null || echo read-only',
        ['PATH=/app/tools:/bin'],
      )
      assert.equal(said, '/app prepared\ntool\nread-only\n')
      assert.equal((await host.docker.listContainers({ all: true })).length, 0)
    }
  })

  it('go through the registry by their digest, with logins that stay nowhere', async (t) => {
    const registry = await registryOf(t, 25_010)
    const { artifact, lines } = await made(t, 'pushed', registry)
    const repository = `${registry.host}/team/shop`
    assert.deepEqual(
      [artifact.image?.repository, artifact.image?.ref],
      [repository, `${repository}@${artifact.digest}`],
    )
    for (const tag of ['sha-c0ffee1', 'latest'])
      assert.ok(lines.includes(`-----> Pushing ${repository}:${tag}`), tag)
    const image = await storeFor([artifact], { registry }).ensure(h2, artifact.digest)
    assert.equal(await outputOf(lab, 'h2', image, 'cat /mark'), 'pushed\n')
    for (const name of ['h1', 'h2'] as const) {
      const left = await lab.exec(
        name,
        'grep -rl s3cret /root /home /etc/docker /run/user /var/lib/docker/image 2>/dev/null || true',
      )
      assert.equal(left, '', `${name} keeps a login`)
    }
  })

  it('come from another host while the registry is down, and what is nowhere is told in time', async (t) => {
    const registry = await registryOf(t, 25_011)
    const { artifact } = await made(t, 'registry-down', registry)
    await registry.own.stop()
    const store = storeFor([artifact], { registry })
    const image = await store.ensure(h2, artifact.digest)
    assert.equal(await outputOf(lab, 'h2', image, 'cat /mark'), 'registry-down\n')
    const digest = `sha256:${'8'.repeat(64)}`
    const ref = `${registry.host}/team/shop@${digest}`
    const lost = artifactNamed('8', {
      kind: 'image',
      image: { ref, id: digest, repository: `${registry.host}/team/shop` },
    })
    const began = Date.now()
    await assert.rejects(storeFor([lost], { registry }).ensure(h2, digest), { code: 'image_unavailable' })
    assert.ok(Date.now() - began < 30_000)
  })

  it('that are needed no more go, save what runs', async (t) => {
    const [one, two] = [await made(t, 'unwanted'), await made(t, 'running')]
    await lab.docker('h1', 'run', '-d', '--name', 'runs', two.artifact.digest, 'sleep', '1000')
    const unwanted = [one, two].map(({ artifact }) => ({ digest: artifact.digest, image: artifact.image! }))
    await forgetImages(h1, [...unwanted, { digest: artifactNamed('5').digest, image: null }])
    const ids = (await h1.docker.listImages()).map(({ Id }) => Id)
    assert.deepEqual(
      unwanted.map(({ digest }) => ids.includes(digest)),
      [false, true],
    )
    await lab.docker('h1', 'rm', '-f', 'runs')
  })

  it('do not come from a host that is cut off in the middle: that is told, and they come when it is back', async (t) => {
    const { artifact } = await made(t, 'cut', null, 20_000_000)
    const store = storeFor([artifact])
    const bringing = store.ensure(h2, artifact.digest)
    bringing.catch(() => undefined)
    await lab.cut('h2')
    await assert.rejects(bringing, { code: 'host_unreachable' })
    await lab.heal('h2')
    await until(() => store.ensure(h2, artifact.digest).then(Boolean, () => false))
  })
  /** Whether an engine is being given something: it puts it there first. */
  const arriving = async () =>
    (await lab.exec('h2', 'ls /var/lib/docker/tmp | grep -c import || true')).trim() !== '0'

  const onTheirWay = {
    'from a host': { host: 'h1', reached: async () => readdirSync(scratch).length > 0 },
    'to a host': { host: 'h2', reached: arriving },
  } as const
  for (const [way, { host, reached }] of Object.entries(onTheirWay))
    it(`fail in time when SSH is cut on their way ${way}, nothing of them stays, and they come then`, async (t) => {
      const { artifact } = await made(t, `cut-${host}`, null, 100_000_000)
      const store = storeFor([artifact])
      const failed = assert.rejects(store.ensure(h2, artifact.digest), {
        code: 'host_unreachable',
        message: new RegExp(host),
      })
      failed.catch(() => undefined)
      await until(reached)
      await lab.cutSsh(host)
      const struck = performance.now()
      await failed
      assert.ok(performance.now() - struck < 20_000, `${performance.now() - struck} ms`)
      assert.deepEqual(readdirSync(scratch), [])
      await until(async () => !(await arriving()))
      await until(() => store.ensure(h2, artifact.digest).then(Boolean, () => false))
      assert.deepEqual(readdirSync(scratch), [])
    })
})

async function until(condition: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 30_000; !(await condition()); ) {
    assert.ok(Date.now() < end, 'it did not come to that')
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
