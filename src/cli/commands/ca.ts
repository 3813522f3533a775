import { TasukiError } from '../../domain/errors.ts'
import { TasukiCommand } from '../command.ts'
import type { AuthorityRecord } from '../wire/server.ts'

export default class Ca extends TasukiCommand {
  static override summary = 'Print the certificate of the server’s own authority'
  static override description = [
    'Whoever trusts it can verify the TLS of this server: the `heroku` command line needs that for `heroku run`.',
    'Fetch it over a way that you trust: on the server itself, or through SSH. With --tls-cert the server needs no authority.',
  ].join('\n')
  static override examples = [
    '<%= config.bin %> ca > tasuki-ca.pem && export NODE_EXTRA_CA_CERTS=$PWD/tasuki-ca.pem',
    '<%= config.bin %> ca --json',
  ]

  async run(): Promise<AuthorityRecord> {
    await this.parse(Ca)
    const authority = await (await this.client()).get<AuthorityRecord>('/tasuki/ca')
    if (authority.certificate === null)
      throw new TasukiError('not_found', 'The server has no authority of its own.', {
        next: 'It shows the certificate of its --tls-cert; clients that know its issuer need nothing.',
      })
    this.print(authority.certificate.trimEnd())
    return authority
  }
}
