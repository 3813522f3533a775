import assert from 'node:assert/strict'
import { until } from '../../harness/index.ts'
import type { Row } from '../harness/row.ts'

/** Lines of the app that `RUNNING` has deployed. */
export const LOGS: readonly Row[] = [
  {
    command: 'logs [-n] [-s] [-d]',
    verdict: 'works',
    core: true,
    check: async ({ heroku }) => {
      const { stdout } = await heroku('logs -n 1500 -d web.1 -a shop')
      assert.match(stdout, /^\d{4}-\d\d-\d\dT[\d:.]+\+00:00 app\[web\.1\]: steady listens/m)
      assert.doesNotMatch(stdout, /web\.2/)
    },
  },
  {
    command: 'logs --tail',
    verdict: 'works',
    note: 'It goes on until Ctrl-C.',
    core: true,
    check: async ({ heroku, server }) => {
      let shown = ''
      const tail = heroku('logs --tail -n 1 -a shop', null, {
        stopWhen: /heard at once/,
        onOutput: (text) => {
          shown += text
        },
      })
      await until('the line before it', () => shown.includes('\n'))
      await server.call('POST', '/apps/shop/dynos', { command: 'echo heard at $(echo once)' })
      assert.match((await tail).stdout, /app\[run\.\d+\]: heard at once/)
    },
  },
]
