import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, afterEach, before, describe, type TestContext, test } from 'node:test'
import type { Subject } from '../e2e/subject.ts'
import { losesNothing } from '../e2e/under-load.ts'
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
