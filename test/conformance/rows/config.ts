import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Lane } from '../harness/row.ts'

const APP = 'settings'

/** Config vars. */
export const CONFIG: Lane = {
  name: 'config',
  prepare: async ({ server }) => {
    await server.call('POST', '/apps', { name: APP })
  },
  rows: [
    {
      command: 'config:set',
      verdict: 'works',
      core: true,
      check: async ({ heroku, get }) => {
        const { stderr } = await heroku(`config:set COLOUR=red 'GREETING=good day' -a ${APP}`)
        assert.match(stderr, /done, v\d+/)
        const vars = await get(`/apps/${APP}/config-vars`)
        assert.deepEqual(vars, { COLOUR: 'red', GREETING: 'good day' })
      },
    },
    {
      command: 'config [--json] [--shell], config:get',
      verdict: 'works',
      core: true,
      check: async ({ heroku }) => {
        assert.match((await heroku(`config -a ${APP}`)).stdout, /^COLOUR: +red$/m)
        assert.equal((await heroku(`config:get GREETING -a ${APP}`)).stdout, 'good day\n')
      },
    },
    {
      command: 'config:edit',
      verdict: 'works',
      core: true,
      check: async ({ terminal, get, cli }) => {
        const editor = join(cli.home, 'editor.sh')
        await writeFile(editor, '#!/bin/sh\nsed -i s/red/blue/ "$1"\n', { mode: 0o755 })
        await terminal(`config:edit -a ${APP}`, 0, [[/[yY]\/[nN]|continue/i, 'y\n']], {
          env: { EDITOR: editor, VISUAL: editor },
        })
        assert.equal((await get(`/apps/${APP}/config-vars`)).COLOUR, 'blue')
      },
    },
    {
      command: 'config:unset',
      verdict: 'works',
      core: true,
      check: async ({ heroku, get }) => {
        const { stderr } = await heroku(`config:unset GREETING -a ${APP}`)
        assert.match(stderr, /done, v\d+/)
        assert.deepEqual(Object.keys(await get(`/apps/${APP}/config-vars`)), ['COLOUR'])
      },
    },
  ],
}
