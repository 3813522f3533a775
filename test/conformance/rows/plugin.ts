import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { run, until } from '../../harness/index.ts'
import { flat, type Lane, type Subject } from '../harness/row.ts'

const APP = 'plugged'
const BOB = 'plugged@example.org'
const PASSWORD = 'correct horse battery staple'
const HEROKU_LOGIN = 'machine api.heroku.com\n  login me@example.com\n  password HRKU-secret\n'

/** What the plugin promises, on a server that speaks HTTPS with an authority of its own. */
export const PLUGIN: Lane = {
  name: 'the plugin',
  by: 'plugin',
  told: false,
  prepare: async ({ server, cli }) => {
    await server.call('POST', '/tasuki/users', { email: BOB, password: PASSWORD })
    await server.call('POST', '/apps', { name: APP })
    await writeFile(join(cli.home, '.netrc'), HEROKU_LOGIN, { mode: 0o600 })
    await until(
      'the app with code',
      async () => (await server.call('GET', '/apps/shop/releases/2')).status === 200,
      120_000,
    )
  },
  rows: [
    {
      command: 'tasuki says which server it is',
      verdict: 'works',
      core: true,
      check: async ({ heroku, server }) => {
        const { stdout } = await heroku('tasuki')
        assert.equal(stdout, `Tasuki at https://${server.api}, chosen by TASUKI_URL\n`)
      },
    },
    {
      command: 'apps and config:set work, with the token of `tasuki`',
      verdict: 'works',
      core: true,
      check: async ({ heroku, get }) => {
        assert.match((await heroku('apps')).stdout, /^plugged$/m)
        await heroku(`config:set A=1 -a ${APP}`)
        assert.deepEqual(await get(`/apps/${APP}/config-vars`), { A: '1' })
      },
    },
    {
      command:
        'a repository chooses its server by `git config tasuki.url`; run knows the authority of the server',
      verdict: 'works',
      core: true,
      check: async ({ heroku, server, cli }) => {
        const cwd = join(cli.home, 'chosen')
        await run('git', ['init', '-q', cwd])
        await run('git', ['-C', cwd, 'config', 'tasuki.url', `http://${server.api}`])
        const env = { TASUKI_URL: null, NODE_EXTRA_CA_CERTS: null }
        const { stdout } = await heroku(`run -x 'echo near' -a shop`, 0, { cwd, env })
        assert.match(stdout, /^near$/m)
      },
    },
    {
      command: 'logs --tail works',
      verdict: 'works',
      core: true,
      check: async ({ heroku, server }) => {
        let shown = ''
        const onOutput = (text: string) => {
          shown += text
        }
        const tail = heroku('logs --tail -a shop', null, { stopWhen: /behind the plugin/, onOutput })
        await until('the lines before it', () => shown.includes('\n'))
        await server.call('POST', '/apps/shop/dynos', { command: 'echo behind the $(echo plugin)' })
        await tail
      },
    },
    {
      command: 'Git learns of this host, and of no port that lives as long as a command',
      verdict: 'works',
      core: true,
      check: async ({ cli, server }) => {
        const text = await readFile(join(cli.home, '.gitconfig'), 'utf8')
        const hosts = [...text.matchAll(/\[credential "(.*)"\]/g)].map(([, host]) => host)
        assert.deepEqual(hosts, [`https://${server.api}`])
      },
    },
    {
      command: 'a login is remembered by host, a logout forgets it, and the one at Heroku stays',
      verdict: 'works',
      core: true,
      check: async ({ terminal, heroku, cli }) => {
        const loggedOut = { env: { TASUKI_TOKEN: null } }
        const netrc = () => readFile(join(cli.home, '.netrc'), 'utf8')
        const dialog = [
          [/Email/, `${BOB}\r`],
          [/Password/, `${PASSWORD}\r`],
        ] as const
        await terminal('login -i', 0, dialog, loggedOut)
        assert.equal((await heroku('whoami', 0, loggedOut)).stdout.trim(), BOB)
        await heroku('logout', 0, loggedOut)
        assert.equal((await netrc()).trim(), HEROKU_LOGIN.trim())
      },
    },
    {
      command: 'a token of Heroku is not sent to the server',
      verdict: 'works',
      check: async ({ cli }) => {
        const env = { TASUKI_TOKEN: null, HEROKU_API_KEY: 'HRKU-secret' }
        const ran = await cli.run(['whoami'], { env })
        assert.equal(ran.code, 100)
        assert.match(flat(ran.stderr), /HEROKU_API_KEY is no token of Tasuki/)
      },
    },
    {
      command: 'nothing is sent to what is no Tasuki server',
      verdict: 'works',
      core: true,
      check: async ({ cli }) => {
        await using stranger = await recorder()
        const ran = await cli.run(['apps'], { env: { TASUKI_URL: stranger.url } })
        assert.notEqual(ran.code, 0)
        assert.match(flat(ran.stderr), /is no Tasuki server\. Nothing was sent to it/)
        assert.deepEqual(
          stranger.seen.map(({ url, headers }) => [url, headers.authorization]),
          [['/health', undefined]],
        )
      },
    },
    {
      command: 'what contradicts itself, or would end at heroku.com unasked, ends with a sentence',
      verdict: 'works',
      check: async (subject) => {
        await told(subject, { TASUKI_URL: 'tasuki' }, /is no address of a server/)
        await told(subject, { HEROKU_HOST: 'herokudev.com' }, /name different servers/)
        const host = 'https://tasuki.example.com'
        await told(subject, { TASUKI_URL: null, HEROKU_HOST: host }, /would send your token to heroku\.com/)
      },
    },
  ],
}

/** Where nothing chooses a server of ours, the plugin is as if it were not there. */
export const INERT: Lane = {
  name: 'the plugin without a choice',
  by: 'plugin',
  told: false,
  rows: [
    {
      command: 'talks to Heroku, with the login for Heroku',
      verdict: 'works',
      core: true,
      check: async ({ cli }) => {
        await writeFile(join(cli.home, '.netrc'), HEROKU_LOGIN, { mode: 0o600 })
        const env = { TASUKI_URL: null, TASUKI_TOKEN: null, DISABLE_TELEMETRY: 'true' }
        const ran = await cli.run(['releases', '-a', 'theirs'], { env })
        assert.match(flat(ran.stderr), /api\.heroku\.com is not to be reached in this test/)
        assert.deepEqual(await cli.hosts(), ['api.heroku.com:443'])
        await cli.forget()
      },
    },
  ],
}

async function told({ cli }: Subject, env: Record<string, string | null>, message: RegExp): Promise<void> {
  const ran = await cli.run(['apps'], { env })
  assert.equal(ran.code, 1)
  assert.match(flat(ran.stderr), message)
  assert.match(ran.stderr, /Nothing was sent/)
}

/** A web server that is none of ours, and what it has been asked. */
async function recorder() {
  const seen: { url: string | undefined; headers: IncomingHttpHeaders }[] = []
  const server = createServer(({ url, headers }, answer) => {
    seen.push({ url, headers })
    answer.end('<h1>Welcome</h1>')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    seen,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
