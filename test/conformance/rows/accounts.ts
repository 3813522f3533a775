import assert from 'node:assert/strict'
import type { Lane, Subject } from '../harness/row.ts'

const BOB = 'bob@example.org'
const PASSWORD = 'correct horse battery staple'
const APP = 'shared'
/** Whoever is to log in has no token in the environment. */
const LOGGED_OUT = { env: { HEROKU_API_KEY: '' } }

/** Logs in, tokens, who may do what. */
export const ACCOUNTS: Lane = {
  name: 'accounts',
  prepare: async ({ server }) => {
    await server.call('POST', '/tasuki/users', { email: BOB, password: PASSWORD })
    await server.call('POST', '/apps', { name: APP })
  },
  rows: [
    {
      command: 'login -i, auth:login',
      verdict: 'works',
      note: 'In a browser too; there is no second factor.',
      core: true,
      check: async ({ terminal }) => {
        const dialog = [
          [/Email/, `${BOB}\r`],
          [/Password/, `${PASSWORD}\r`],
        ] as const
        const { stdout } = await terminal('login -i', 0, dialog, LOGGED_OUT)
        assert.match(stdout, new RegExp(`Logged in as ${BOB}`))
      },
    },
    {
      command: 'whoami, auth:token',
      verdict: 'works',
      core: true,
      check: async ({ heroku, server }) => {
        assert.equal((await heroku('whoami', 0, LOGGED_OUT)).stdout.trim(), BOB)
        const token = (await heroku('auth:token', 0, LOGGED_OUT)).stdout.trim()
        assert.match(token, /^tsk_/)
        assert.notEqual(token, await server.token())
      },
    },
    {
      command: 'logout',
      verdict: 'works',
      core: true,
      check: async ({ heroku, server }) => {
        const token = (await heroku('auth:token', 0, LOGGED_OUT)).stdout.trim()
        const statusOf = () =>
          fetch(`http://${server.api}/account`, { headers: { authorization: `Bearer ${token}` } }).then(
            ({ status }) => status,
          )
        assert.equal(await statusOf(), 200)
        await heroku('logout', 0, LOGGED_OUT)
        assert.equal(await statusOf(), 401)
        await heroku('whoami', 100, LOGGED_OUT)
      },
    },
    {
      command: 'access, :add, :remove',
      verdict: 'works',
      note: 'Whoever is to be let in needs an account first: `tasuki users:add`.',
      core: true,
      check: async (subject) => {
        const { heroku, thorough } = subject
        await heroku(`access:add ${BOB} -a ${APP}`)
        assert.ok((await collaborators(subject)).includes(BOB))
        assert.match((await heroku(`access -a ${APP}`)).stdout, new RegExp(`^ *${BOB} +\\S`, 'm'))
        if (!thorough) return
        await heroku(`access:remove ${BOB} -a ${APP}`)
        assert.ok(!(await collaborators(subject)).includes(BOB))
      },
    },
    {
      command: 'authorizations, :create, :info, :revoke',
      verdict: 'works',
      core: true,
      check: async ({ heroku, thorough }) => {
        const made = await heroku('authorizations:create -d robot --json')
        const { id, access_token } = JSON.parse(made.stdout)
        assert.match(access_token.token, /^tsk_/)
        assert.match((await heroku('authorizations')).stdout, new RegExp(`robot +${id} +global`))
        if (!thorough) return
        await heroku(`authorizations:revoke ${id}`)
        assert.doesNotMatch((await heroku('authorizations')).stdout, /robot/)
      },
    },
    {
      command: 'regions',
      verdict: 'works',
      note: 'There is one, `us`, which is the server.',
      check: async ({ heroku }) => {
        assert.match((await heroku('regions')).stdout, /^ +us +\S/m)
      },
    },
    {
      command: 'labs, :enable, :disable',
      verdict: 'works',
      note: 'No features of accounts; those of apps as with `features`.',
      check: async ({ heroku, get, refused }) => {
        await heroku(`labs -a ${APP}`)
        await heroku(`labs:enable preboot -a ${APP}`)
        assert.equal((await get(`/apps/${APP}/features/preboot`)).enabled, true)
        await refused(`labs:enable teleport -a ${APP}`, /no feature "teleport"/)
      },
    },
    {
      command: 'keys, keys:add',
      verdict: 'not',
      note: 'Git comes over HTTPS with the token; no key is needed.',
      check: async ({ heroku }) => {
        assert.match((await heroku('keys')).stderr, /no SSH keys/)
      },
    },
    {
      command: 'teams, spaces, members, orgs',
      verdict: 'not',
      note: 'There are users and collaborators.',
      check: async ({ refused }) => refused('spaces', /do not have access to any spaces/),
    },
  ],
}

async function collaborators({ get }: Subject): Promise<string[]> {
  const found: { user: { email: string } }[] = await get(`/apps/${APP}/collaborators`)
  return found.map(({ user }) => user.email)
}
