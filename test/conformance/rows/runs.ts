import assert from 'node:assert/strict'
import { until } from '../../harness/index.ts'
import type { Row } from '../harness/row.ts'

/** One-off commands, on the app that `RUNNING` has deployed. */
export const RUNS: readonly Row[] = [
  {
    command: 'run',
    verdict: 'works',
    note: 'With a terminal of the size that the window has at the start. The certificate has to be known, see above.',
    core: true,
    check: async ({ terminal }) => {
      const { stdout } = await terminal("run 'tty; echo in $DYNO' -a shop", 0, [])
      assert.match(stdout, /\/dev\/pts\/\d+/)
      assert.match(stdout, /in run\.\d+/)
    },
  },
  {
    command: 'run --exit-code',
    verdict: 'works',
    core: true,
    check: async ({ heroku }) => {
      const { stdout } = await heroku(`run -x 'echo out; sh -c "exit 3"' -a shop`, 3)
      assert.match(stdout, /^out$/m)
    },
  },
  {
    command: 'run --no-tty',
    verdict: 'works',
    core: true,
    check: async ({ heroku }) => {
      const { stdout } = await heroku("run --no-tty 'tr a-z A-Z' -a shop", 0, { input: 'to be louder\n' })
      assert.match(stdout, /TO BE LOUDER/)
    },
  },
  {
    command: 'run:detached',
    verdict: 'works',
    core: true,
    check: async ({ heroku, server }) => {
      const { stderr } = await heroku("run:detached 'echo far away' -a shop")
      const [name] = /run\.\d+/.exec(stderr) ?? []
      assert.ok(name)
      await until('its line in the log', async () =>
        (await server.cli(['logs', '-d', name, '-a', 'shop'])).stdout.includes('far away'),
      )
    },
  },
]
