import assert from 'node:assert/strict'
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { type Answer, ApiError, fakeApi } from '../testing/fake-api.ts'
import { type Cli, cli } from '../testing/run-cli.ts'

const KEY = `SHA256:${'a'.repeat(43)}`
const OTHER = `SHA256:${'b'.repeat(43)}`

let tasuki: Cli
before(async () => {
  tasuki = await cli()
})
after(() => tasuki[Symbol.asyncDispose]())

async function against(routes: Record<string, Answer>, args: string[], env: Record<string, string> = {}) {
  await using api = await fakeApi(routes)
  const result = await tasuki.run(args, { env: { TASUKI_URL: api.url, TASUKI_TOKEN: 'secret', ...env } })
  return { ...result, lines: api.lines(), body: (line: string) => api.body(line) }
}

function finding(level: string, text: string, next = '', about = 'host h1') {
  return { code: 'x', level, about, text, next }
}

describe('doctor', () => {
  it('tells what is wrong with what to do, counts the rest, and exits with 1 for a problem', async () => {
    const findings = [
      finding('problem', 'Docker is missing.', 'Install it.'),
      finding('ok', 'Fine.', '', 'server'),
    ]
    const { code, stdout } = await against({ 'GET /tasuki/doctor': () => findings }, ['doctor'])
    assert.equal(code, 1)
    assert.equal(
      stdout,
      'problem  host h1: Docker is missing.\n         → Install it.\n\n1 problem, 0 warnings, 1 as it should be\n',
    )
  })

  it('exits with 0 when there are only warnings, and shows all on request', async () => {
    const findings = [finding('warning', 'Old.'), finding('ok', 'Fine.', '', 'server')]
    const { code, stdout } = await against({ 'GET /tasuki/doctor': () => findings }, ['doctor', '--all'])
    assert.equal(code, 0)
    assert.match(stdout, /ok {7}server: Fine\./)
  })
})

describe('hosts:check', () => {
  it('checks one host, or all of them', async () => {
    const routes = {
      'GET /tasuki/hosts': () => [{ name: 'h1' }, { name: 'h2' }],
      'GET /tasuki/hosts/h1/check': () => [finding('ok', 'Docker 24.')],
      'GET /tasuki/hosts/h2/check': () => [finding('problem', 'No answer.', 'Switch it on.', 'host h2')],
    }
    const one = await against(routes, ['hosts:check', 'h1'])
    assert.deepEqual(
      [one.code, one.stdout],
      [0, 'ok       Docker 24.\n\n0 problems, 0 warnings, 1 as it should be\n'],
    )
    const all = await against(routes, ['hosts:check'])
    assert.equal(all.code, 1)
    assert.match(all.stdout, /problem {2}host h2: No answer\./)
  })
})

describe('hosts:trust', () => {
  const routes = {
    'GET /tasuki/hosts/h1/key': () => ({ pinned: KEY, shown: OTHER }),
    'POST /tasuki/hosts/h1/actions/trust': () => ({ pinned: OTHER, shown: OTHER }),
  }

  it('trusts nobody by itself: without a terminal the key has to be given', async () => {
    const { code, stderr, stdout, lines } = await against(routes, ['hosts:trust', 'h1'])
    assert.notEqual(code, 0)
    assert.match(stdout, new RegExp(`It had to show {2}${KEY}\nIt shows {9}${OTHER}`))
    assert.match(stderr, /nobody said that its key is right/)
    assert.deepEqual(lines, ['GET /tasuki/hosts/h1/key'])
  })

  it('trusts the key that is given', async () => {
    const { code, stdout, body } = await against(routes, ['hosts:trust', 'h1', '--key', OTHER])
    assert.equal(code, 0)
    assert.deepEqual(body('POST /tasuki/hosts/h1/actions/trust'), { host_key: OTHER })
    assert.match(stdout, /is trusted with SHA256:b+/)
  })

  it('has nothing to do where the key is the right one', async () => {
    const same = { 'GET /tasuki/hosts/h1/key': () => ({ pinned: KEY, shown: KEY }) }
    const { code, stdout } = await against(same, ['hosts:trust', 'h1'])
    assert.deepEqual([code, stdout], [0, `h1 shows the key that it has to: ${KEY}\n`])
  })
})

describe('hosts:bootstrap', () => {
  const routes = { 'GET /tasuki/host-key': () => ({ public_key: 'ssh-ed25519 AAAA tasuki@server' }) }
  let bin: string

  before(async () => {
    bin = await mkdtemp(join(tmpdir(), 'tasuki-ssh-'))
  })
  after(() => rm(bin, { recursive: true, force: true }))

  /** Runs it with an `ssh` that does what the shell script says. */
  async function withSsh(script: string, args: string[]) {
    await writeFile(join(bin, 'ssh'), `#!/bin/sh\n${script}\n`)
    await chmod(join(bin, 'ssh'), 0o755)
    return against(routes, ['hosts:bootstrap', ...args], { PATH: `${bin}:${process.env.PATH}` })
  }

  it('tells each step as the host does, and what comes next with the key of the host', async () => {
    const script = `cat >/dev/null; echo noise; echo "tasuki kept Docker runs"; echo "tasuki done Make the user"; echo "tasuki key ${KEY}"`
    const { code, stdout } = await withSsh(script, ['ssh://root@10.0.0.11:2222'])
    assert.equal(code, 0)
    assert.equal(
      stdout,
      `kept    Docker runs\ndone    Make the user\n\nReady. Take it in with: tasuki hosts:add ssh://tasuki@10.0.0.11:2222 --host-key ${KEY}\n`,
    )
  })

  it('logs in with keys only, and brings a script that has the key of the server', async () => {
    const script = `echo "$@" >${bin}/args; cat >${bin}/script; exit 0`
    await withSsh(script, ['ssh://admin@10.0.0.11', '--user', 'runner', '--accept-new'])
    const args = await readFile(join(bin, 'args'), 'utf8')
    assert.match(
      args,
      /-p 22 -l admin .*PasswordAuthentication=no .*BatchMode=yes .*accept-new -- 10\.0\.0\.11 sudo -n sh -s/,
    )
    const sent = await readFile(join(bin, 'script'), 'utf8')
    assert.match(sent, /^NAME='runner'\nKEY='ssh-ed25519 AAAA tasuki@server'\nNO_PASSWORDS=no\nDRY=no\n/)
  })

  it('says what to do when it is not let in, when a step fails, and when it is cut off', async () => {
    const denied = await withSsh('echo "root@h: Permission denied (publickey)." >&2; exit 255', [
      'ssh://root@h1',
    ])
    assert.match(denied.stderr, /h1 does not let root in with your key/)
    const failed = await withSsh('cat >/dev/null; echo "tasuki failed Install Docker"; exit 1', [
      'ssh://root@h1',
    ])
    assert.match(failed.stdout, /failed {2}Install Docker/)
    assert.match(failed.stderr, /was not set up whole: Install Docker/)
    const cut = await withSsh('cat >/dev/null; echo "client_loop: send disconnect" >&2; exit 255', [
      'ssh://root@h1',
    ])
    assert.match(cut.stderr, /could not be set up: client_loop.*\nNext: Run it again when it answers/)
    for (const { code } of [denied, failed, cut]) assert.notEqual(code, 0)
  })

  it('refuses what is no host and no unprivileged user, before anything is done', async () => {
    const bad = await withSsh('touch ran', ['unix:///var/run/docker.sock'])
    assert.match(bad.stderr, /A host is set up over SSH/)
    const root = await withSsh('touch ran', ['ssh://root@h1', '--user', 'root'])
    assert.match(root.stderr, /no name for an unprivileged user/)
    const gone = {
      'GET /tasuki/host-key': () =>
        Promise.reject(new ApiError(403, { id: 'forbidden', message: 'Only an admin may do that.' })),
    }
    const refused = await against(gone, ['hosts:bootstrap', 'ssh://root@h1'], {
      PATH: `${bin}:${process.env.PATH}`,
    })
    assert.match(refused.stderr, /Only an admin/)
  })
})
