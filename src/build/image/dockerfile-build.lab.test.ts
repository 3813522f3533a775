import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { Lab } from '../../../test/lab/lab.ts'
import type { DockerHost } from '../../runtime/docker/host.ts'
import { buildDockerfile, type DockerfileBuild } from './dockerfile-build.ts'
import type { ImageHost } from './engine.ts'
import { BASE, hostOf, outputOf, putBase, treeOf } from './testing.ts'

const whyNot = Lab.whyNot()
const SECRET = 'n0-layer-has-this'

describe('a build of a Dockerfile on a host', { skip: whyNot ?? false }, () => {
  let lab: Lab
  let host: DockerHost
  before(async () => {
    lab = await Lab.start({ hosts: 1, images: false })
    await putBase(lab, 'h1')
    host = hostOf(lab, 'h1')
  })
  after(async () => {
    host?.close()
    await lab?.down()
  })

  const build = (dir: string, more: Partial<DockerfileBuild> = {}, on: ImageHost = host) => {
    const lines: string[] = []
    const whole = { dir, dockerfile: 'Dockerfile', args: {}, secrets: {}, labels: {}, names: ['demo:1'] }
    const others = {
      login: async () => null,
      log: (line: string) => lines.push(line),
      signal: AbortSignal.timeout(60_000),
    }
    return { lines, done: buildDockerfile(on, { ...whole, ...others, ...more }) }
  }

  /** The same engine, as one that has no BuildKit would say it. */
  const classic = (): ImageHost => {
    const docker = new Proxy(host.docker, {
      get: (target, name) =>
        name === 'version'
          ? async () => ({ ApiVersion: '1.41', Os: 'linux', Components: [{ Name: 'Podman Engine' }] })
          : Reflect.get(target, name),
    })
    return { id: host.id, name: host.name, docker, reachable: () => true }
  }

  /** Whether a step of that many seconds runs on the host, seen past SSH. */
  const sleeping = async (seconds: number) =>
    (await lab.exec('h1', `ps -eo args | grep -c '[s]leep ${seconds}' || true`)).trim() !== '0'

  it('gets its arguments, sends what .dockerignore leaves, and tells what its steps say', async (t) => {
    const dir = treeOf(t, {
      Dockerfile: `FROM ${BASE}\nARG GREETING\nWORKDIR /app\nCOPY . .\nRUN echo "said $GREETING"\nCMD ["cat","keep/b"]\n`,
      '.dockerignore': 'left\nkeep/*\n!keep/b\n',
      'left/a': 'a',
      'keep/a': 'a',
      'keep/b': 'the file b',
    })
    for (const [on, name] of [
      [host, 'demo:kit'],
      [classic(), 'demo:classic'],
    ] as const) {
      const { lines, done } = build(
        dir,
        { args: { GREETING: 'hello' }, labels: { 'x.y': 'z' }, names: [name, `${name}-2`] },
        on,
      )
      const id = await done
      assert.match(id, /^sha256:[0-9a-f]{64}$/)
      assert.ok(
        lines.some((line) => line.includes('said hello')),
        lines.join('\n'),
      )
      assert.equal(await outputOf(lab, 'h1', id, 'ls -d left keep/* 2>/dev/null; true'), 'keep/b\n')
      const { Config, RepoTags } = await host.docker.getImage(id).inspect()
      assert.deepEqual([Config.Labels?.['x.y'], RepoTags.sort()], ['z', [name, `${name}-2`]])
    }
  })

  it('is quick the second time, by what the engine kept', async (t) => {
    const dir = treeOf(t, { Dockerfile: `FROM ${BASE}\nRUN sleep 1; echo slow step\n` })
    const first = await build(dir).done
    const again = build(dir)
    assert.equal(await again.done, first)
    assert.ok(
      again.lines.some((line) => line.includes('(cached)')),
      again.lines.join('\n'),
    )
    assert.ok(!again.lines.some((line) => line.trim() === 'slow step'), 'it ran again')
  })

  it('lets one command read a secret that is in no layer, nor in the history', async (t) => {
    const dir = treeOf(t, {
      Dockerfile: `FROM ${BASE}\nRUN --mount=type=secret,id=TOKEN cat /run/secrets/TOKEN | wc -c >/length\n`,
    })
    const id = await build(dir, { secrets: { TOKEN: SECRET }, names: ['demo:secret'] }).done
    assert.equal((await outputOf(lab, 'h1', id, 'cat /length')).trim(), String(SECRET.length))
    const found = await lab.exec(
      'h1',
      `docker save demo:secret | grep -c ${SECRET} || true; docker history --no-trunc demo:secret | grep -c ${SECRET} || true`,
    )
    assert.deepEqual(found.trim().split('\n'), ['0', '0'])
    const refused = build(dir, { secrets: { TOKEN: SECRET } }, classic()).done
    await assert.rejects(refused, { code: 'build_failed', message: /no BuildKit/ })
  })

  it('says in the words of the engine why it failed', async (t) => {
    const dir = treeOf(t, {
      Dockerfile: `FROM ${BASE}\nRUN echo out; echo err >&2; exit 3\n`,
      Missing: 'FROM registry.invalid/nothing:1\n',
    })
    const failing = build(dir)
    await assert.rejects(failing.done, { code: 'build_failed', message: /exit code: 3/ })
    for (const line of ['out', 'err'])
      assert.ok(
        failing.lines.some((one) => one.trim() === line),
        line,
      )
    await assert.rejects(build(dir, { dockerfile: 'Missing' }).done, { code: 'build_failed' })
    await assert.rejects(build(dir, {}, classic()).done, {
      code: 'build_failed',
      message: /non-zero code: 3/,
    })
  })

  it('ends on the host too when it is stopped', async (t) => {
    const dir = treeOf(t, { Dockerfile: `FROM ${BASE}\nRUN echo begun; sleep 4242\n` })
    const stop = new AbortController()
    const { done } = build(dir, { signal: stop.signal })
    done.catch(() => undefined)
    await until(() => sleeping(4242))
    stop.abort()
    await assert.rejects(done, { code: 'build_failed', message: /stopped/ })
    await until(async () => !(await sleeping(4242)))
  })

  const faults = {
    'SSH is cut': { strike: () => lab.cutSsh('h1'), heal: async () => undefined },
    'the host is cut off': { strike: () => lab.cut('h1'), heal: () => lab.heal('h1') },
  }
  for (const [title, { strike, heal }] of Object.entries(faults))
    for (const [builder, on] of [
      ['BuildKit', () => host],
      ['the classic builder', classic],
    ] as const) {
      it(`by ${builder} fails in time when ${title} in the middle of a step, and the next one works`, async (t) => {
        const dir = treeOf(t, {
          Dockerfile: `FROM ${BASE}\nRUN echo begun; sleep 4243\n`,
          Next: `FROM ${BASE}\nRUN echo next\n`,
        })
        const { done } = build(dir, {}, on())
        await breaksOff(done, () => sleeping(4243), strike)
        await heal()
        await until(() => build(dir, { dockerfile: 'Next' }, on()).done.then(Boolean, () => false))
        await until(async () => !(await sleeping(4243)))
      })

      it(`by ${builder} fails in time when ${title} while its source is sent, and the next one works`, async (t) => {
        const dir = treeOf(t, { Dockerfile: `FROM ${BASE}\nCOPY . /all\n` })
        const next = treeOf(t, { Dockerfile: `FROM ${BASE}\nRUN echo next\n` })
        writeFileSync(join(dir, 'weight'), randomBytes(100_000_000))
        const before = await received()
        const { done } = build(dir, {}, on())
        await breaksOff(done, async () => (await received()) > before + 1_000_000, strike)
        await heal()
        await until(() => build(next, {}, on()).done.then(Boolean, () => false))
      })
    }

  /** Bytes that the host has received in all. */
  const received = async () => Number((await lab.exec('h1', "awk '/eth0:/ {print $2}' /proc/net/dev")).trim())

  /** Has something go wrong once the build is as far as that. */
  const breaksOff = async (
    done: Promise<string>,
    reached: () => Promise<boolean>,
    strike: () => Promise<void>,
  ) => {
    const failed = assert.rejects(done, { code: 'host_unreachable', message: /h1/ })
    failed.catch(() => undefined)
    await until(reached)
    await strike()
    const struck = performance.now()
    await failed
    assert.ok(performance.now() - struck < 20_000, `${performance.now() - struck} ms`)
  }
})

async function until(condition: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 30_000; !(await condition()); ) {
    assert.ok(Date.now() < end, 'it did not come to that')
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
