import { Args } from '@oclif/core'
import { asTasukiError } from '../../domain/errors.ts'
import { ApiClient } from '../client.ts'
import { TasukiCommand } from '../command.ts'
import { access, forgetCredentials, normalised } from '../credentials.ts'

export default class Logout extends TasukiCommand {
  static override summary = 'Forget the token of a server, and end it'
  static override description =
    'A token that `tasuki login` got for a password is worth nothing afterwards; one that was made otherwise is only forgotten here, and lasts until it is revoked or expires.'
  static override examples = [
    '<%= config.bin %> logout',
    '<%= config.bin %> logout https://tasuki.example.com',
  ]
  static override args = {
    url: Args.string({ ignoreStdin: true, description: 'Address of the server; else the one in use.' }),
  }

  async run(): Promise<{ url: string; ended: boolean }> {
    const { args } = await this.parse(Logout)
    const url = normalised(args.url ?? (await access(process.env)).url)
    const token = await forgetCredentials(process.env, url)
    if (token === null) {
      this.print(`Not logged in to ${url}.`)
      return { url, ended: false }
    }
    const ended = await endSession(new ApiClient({ url, token }))
    this.print(`Logged out of ${url}.${ended ? '' : ' The token itself goes on to be good.'}`)
    return { url, ended }
  }
}

/** Whether the token is worth nothing any more; false when it came from no login. */
async function endSession(client: ApiClient): Promise<boolean> {
  try {
    await client.delete('/oauth/sessions/~')
    return true
  } catch (error) {
    const { code } = asTasukiError(error)
    if (code === 'unauthorized') return true
    if (code === 'not_found') return false
    throw error
  }
}
