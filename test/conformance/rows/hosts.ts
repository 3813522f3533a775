import type { Lane } from '../harness/row.ts'

const NOTE = 'Asks a host of Heroku by name: the plugin leads it to the server, which has no such thing.'

/** Commands that name hosts of their own: with the plugin they come to us, token and all. */
export const HOSTS: Lane = {
  name: 'with hosts of their own',
  by: 'plugin',
  rows: [
    {
      command: 'apps:favorites, apps:errors, dashboard, notifications',
      verdict: 'not',
      note: NOTE,
      core: true,
      check: ({ refused }) => refused('apps:favorites', /There is no GET \/favorites/),
    },
    {
      command: 'pipelines:connect, :setup, :diff',
      verdict: 'not',
      note: 'Ask GitHub itself, through an account of Heroku’s: use the commands of `tasuki` with the same names.',
      check: ({ refused }) => refused('pipelines:connect line -r a/b', /Account not connected to GitHub/),
    },
  ],
}
