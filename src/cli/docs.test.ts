import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { describe, it } from 'node:test'
import { Config } from '@oclif/core'
import { PLAIN } from '../text/screen.ts'
import { COMMAND_IDS, loadCommand } from './commands.ts'
import { commandsMarkdown } from './docs.ts'
import { commandHelp } from './help.ts'

const ROOT = new URL('../../', import.meta.url)

describe('the help of every command', () => {
  it('has a summary, a description, and examples of that command', async () => {
    const pjson = { name: 'tasuki', version: '0.0.0', oclif: { bin: 'tasuki', topicSeparator: ':' } }
    const config = await Config.load({ root: ROOT.pathname, pjson: pjson as never })
    for (const id of COMMAND_IDS) {
      const command = await loadCommand(id)
      assert.ok(command?.summary && command.description, id)
      assert.doesNotMatch(command.summary, /\.$/, id)
      const [, examples] = commandHelp(command, config, PLAIN).split('\nEXAMPLES\n')
      assert.ok(examples?.includes(`tasuki ${id}`), id)
      for (const [name, flag] of Object.entries(command.flags ?? {}))
        assert.ok(flag.summary, `${id} --${name}`)
    }
  })

  it('is what docs/commands.md says (`node src/cli/docs.ts > docs/commands.md` writes it anew)', async () => {
    assert.equal(await readFile(new URL('docs/commands.md', ROOT), 'utf8'), await commandsMarkdown())
  })
})
