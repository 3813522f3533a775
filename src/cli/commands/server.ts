import { Flags } from '@oclif/core'
import { TasukiCommand } from '../command.ts'
import { SERVER_DEFAULTS, type ServerFlags, serverOptions } from '../server-options.ts'

export default class Server extends TasukiCommand {
  static override summary = 'Start the server: control plane, router, and all apps'
  static override description = [
    'Starts HAProxy, or takes over the one that runs already, and brings every app to where it should be.',
    'Stopping the server (Ctrl-C, SIGTERM) leaves router and apps serving; `tasuki server:down` ends those too.',
    'The first start writes an admin token to DATA/token. Flags win over variables, variables over the file.',
  ].join('\n')
  static override examples = [
    '<%= config.bin %> server',
    '<%= config.bin %> server --data /srv/tasuki --http 0.0.0.0:80 --domain apps.example.com',
    '<%= config.bin %> server --config /etc/tasuki.json',
  ]
  static override flags = {
    data: Flags.string({
      env: 'TASUKI_DATA',
      helpValue: 'DIR',
      default: SERVER_DEFAULTS.data,
      summary: 'Directory for state, artifacts and logs. One server at a time.',
    }),
    http: Flags.string({
      env: 'TASUKI_HTTP',
      helpValue: 'HOST:PORT',
      default: SERVER_DEFAULTS.http,
      summary: 'Where visitors reach the apps.',
    }),
    api: Flags.string({
      env: 'TASUKI_API',
      helpValue: 'HOST:PORT',
      default: SERVER_DEFAULTS.api,
      summary: 'Where this command line reaches the server.',
    }),
    domain: Flags.string({
      env: 'TASUKI_DOMAIN',
      helpValue: 'DOMAIN',
      default: SERVER_DEFAULTS.domain,
      summary: 'Each app is at APP.DOMAIN.',
    }),
    ports: Flags.string({
      env: 'TASUKI_PORTS',
      helpValue: 'FROM-TO',
      default: SERVER_DEFAULTS.ports,
      summary: 'Loopback ports for instances, two each.',
    }),
    'tls-cert': Flags.string({
      env: 'TASUKI_TLS_CERT',
      helpValue: 'FILE',
      default: SERVER_DEFAULTS['tls-cert'],
      summary: 'Certificate (PEM, with its chain) that the API shows. Else see `tasuki ca`.',
    }),
    'tls-key': Flags.string({
      env: 'TASUKI_TLS_KEY',
      helpValue: 'FILE',
      default: SERVER_DEFAULTS['tls-key'],
      summary: 'The private key of that certificate (PEM).',
    }),
    rendezvous: Flags.string({
      env: 'TASUKI_RENDEZVOUS',
      helpValue: 'HOST:PORT',
      default: SERVER_DEFAULTS.rendezvous,
      summary: 'Where `heroku run` reaches the port of --api, if not by the address of the API.',
    }),
    'run-hours': Flags.string({
      env: 'TASUKI_RUN_HOURS',
      helpValue: 'HOURS',
      default: SERVER_DEFAULTS['run-hours'],
      summary: 'Longest that a one-off instance may go on.',
    }),
    'source-limit': Flags.string({
      env: 'TASUKI_SOURCE_LIMIT',
      helpValue: 'MIB',
      default: SERVER_DEFAULTS['source-limit'],
      summary: 'Largest source of a build: an upload, or the files of a pushed commit.',
    }),
    'push-limit': Flags.string({
      env: 'TASUKI_PUSH_LIMIT',
      helpValue: 'MIB',
      default: SERVER_DEFAULTS['push-limit'],
      summary: 'Largest push by Git, with all the history that comes with it.',
    }),
    'log-size': Flags.string({
      env: 'TASUKI_LOG_SIZE',
      helpValue: 'MIB',
      default: SERVER_DEFAULTS['log-size'],
      summary: 'What is kept of the log of each app. Drains that are away find so much when they come back.',
    }),
    'log-days': Flags.string({
      env: 'TASUKI_LOG_DAYS',
      helpValue: 'DAYS',
      default: SERVER_DEFAULTS['log-days'],
      summary: 'How long it is kept.',
    }),
    'rate-limit': Flags.string({
      env: 'TASUKI_RATE_LIMIT',
      helpValue: 'CALLS',
      default: SERVER_DEFAULTS['rate-limit'],
      summary: 'Calls of the API that an account may make at once, and again within an hour. 0: no limit.',
    }),
    'local-buildpacks': Flags.string({
      env: 'TASUKI_LOCAL_BUILDPACKS',
      helpValue: 'DIR[:DIR]',
      default: SERVER_DEFAULTS['local-buildpacks'],
      summary: 'Directories of this machine that users may name buildpacks from.',
    }),
    'github-api': Flags.string({
      env: 'TASUKI_GITHUB_API',
      helpValue: 'URL',
      default: SERVER_DEFAULTS['github-api'],
      summary: 'Where the API of GitHub is, for pipelines that are connected to it.',
    }),
    'log-level': Flags.string({
      env: 'TASUKI_LOG_LEVEL',
      helpValue: 'LEVEL',
      default: SERVER_DEFAULTS['log-level'],
      summary: 'trace, debug, info, warn, error or silent.',
    }),
    config: Flags.string({
      env: 'TASUKI_CONFIG',
      helpValue: 'FILE',
      summary: 'A JSON file with these settings by the names of the flags.',
    }),
  }

  async run(): Promise<void> {
    const { flags, metadata } = await this.parse(Server)
    const given = Object.entries(flags).filter(([name]) => !metadata.flags[name]?.setFromDefault)
    const options = await serverOptions(Object.fromEntries(given) as ServerFlags)
    const { runServer } = await import('../../server.ts')
    await runServer(options)
  }
}
