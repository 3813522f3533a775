import type { TasukiCommand } from './command.ts'

/** A command that can be made and run: what each file of `commands/` exports. */
export type CommandClass = typeof TasukiCommand & {
  new (...args: ConstructorParameters<typeof TasukiCommand>): TasukiCommand
}

type Load = () => Promise<{ readonly default: CommandClass }>

/** All commands as help groups them. A file is loaded when its command is run, so that each starts quickly. */
export const GROUPS: Readonly<Record<string, Readonly<Record<string, Load>>>> = {
  server: {
    server: () => import('./commands/server.ts'),
    'server:info': () => import('./commands/server-info.ts'),
    'server:backup': () => import('./commands/server-backup.ts'),
    'server:restore': () => import('./commands/server-restore.ts'),
    'server:down': () => import('./commands/server-down.ts'),
    ca: () => import('./commands/ca.ts'),
    heroku: () => import('./commands/heroku.ts'),
  },
  accounts: {
    login: () => import('./commands/login.ts'),
    logout: () => import('./commands/logout.ts'),
    whoami: () => import('./commands/whoami.ts'),
    access: () => import('./commands/access.ts'),
    'access:add': () => import('./commands/access-add.ts'),
    'access:remove': () => import('./commands/access-remove.ts'),
    'access:transfer': () => import('./commands/access-transfer.ts'),
    authorizations: () => import('./commands/authorizations.ts'),
    'authorizations:create': () => import('./commands/authorizations-create.ts'),
    'authorizations:revoke': () => import('./commands/authorizations-revoke.ts'),
    users: () => import('./commands/users.ts'),
    'users:add': () => import('./commands/users-add.ts'),
    'users:remove': () => import('./commands/users-remove.ts'),
    'users:passwd': () => import('./commands/users-passwd.ts'),
  },
  apps: {
    apps: () => import('./commands/apps.ts'),
    create: () => import('./commands/create.ts'),
    destroy: () => import('./commands/destroy.ts'),
    domains: () => import('./commands/domains.ts'),
    'domains:add': () => import('./commands/domains-add.ts'),
    'domains:info': () => import('./commands/domains-info.ts'),
    'domains:remove': () => import('./commands/domains-remove.ts'),
    router: () => import('./commands/router.ts'),
    'router:external': () => import('./commands/router-external.ts'),
    'router:own': () => import('./commands/router-own.ts'),
    webhooks: () => import('./commands/webhooks.ts'),
    'webhooks:add': () => import('./commands/webhooks-add.ts'),
    'webhooks:deliveries': () => import('./commands/webhooks-deliveries.ts'),
    'webhooks:remove': () => import('./commands/webhooks-remove.ts'),
    maintenance: () => import('./commands/maintenance.ts'),
    'maintenance:on': () => import('./commands/maintenance-on.ts'),
    'maintenance:off': () => import('./commands/maintenance-off.ts'),
    features: () => import('./commands/features.ts'),
    'features:enable': () => import('./commands/features-enable.ts'),
    'features:disable': () => import('./commands/features-disable.ts'),
    buildpacks: () => import('./commands/buildpacks.ts'),
    'buildpacks:add': () => import('./commands/buildpacks-add.ts'),
    'buildpacks:set': () => import('./commands/buildpacks-set.ts'),
    'buildpacks:remove': () => import('./commands/buildpacks-remove.ts'),
    'buildpacks:clear': () => import('./commands/buildpacks-clear.ts'),
    'builds:cache:purge': () => import('./commands/builds-cache-purge.ts'),
  },
  deploying: {
    init: () => import('./commands/init.ts'),
    deploy: () => import('./commands/deploy.ts'),
    plan: () => import('./commands/plan.ts'),
    releases: () => import('./commands/releases.ts'),
    rollback: () => import('./commands/rollback.ts'),
    rollouts: () => import('./commands/rollouts.ts'),
    'rollouts:pause': () => import('./commands/rollouts-pause.ts'),
    'rollouts:resume': () => import('./commands/rollouts-resume.ts'),
    receipt: () => import('./commands/receipt.ts'),
    timeline: () => import('./commands/timeline.ts'),
    'git:remote': () => import('./commands/git-remote.ts'),
    'git:credentials': () => import('./commands/git-credentials.ts'),
  },
  pipelines: {
    pipelines: () => import('./commands/pipelines.ts'),
    'pipelines:create': () => import('./commands/pipelines-create.ts'),
    'pipelines:setup': () => import('./commands/pipelines-setup.ts'),
    'pipelines:info': () => import('./commands/pipelines-info.ts'),
    'pipelines:add': () => import('./commands/pipelines-add.ts'),
    'pipelines:update': () => import('./commands/pipelines-update.ts'),
    'pipelines:remove': () => import('./commands/pipelines-remove.ts'),
    'pipelines:promote': () => import('./commands/pipelines-promote.ts'),
    change: () => import('./commands/change.ts'),
    'pipelines:connect': () => import('./commands/pipelines-connect.ts'),
    'pipelines:disconnect': () => import('./commands/pipelines-disconnect.ts'),
    'pipelines:events': () => import('./commands/pipelines-events.ts'),
    'pipelines:autodeploy': () => import('./commands/pipelines-autodeploy.ts'),
    'pipelines:diff': () => import('./commands/pipelines-diff.ts'),
    'pipelines:stages': () => import('./commands/pipelines-stages.ts'),
    'pipelines:stage': () => import('./commands/pipelines-stage.ts'),
    'pipelines:stages:add': () => import('./commands/pipelines-stages-add.ts'),
    'pipelines:stages:remove': () => import('./commands/pipelines-stages-remove.ts'),
    'pipelines:freezes': () => import('./commands/pipelines-freezes.ts'),
    'pipelines:freeze': () => import('./commands/pipelines-freeze.ts'),
    'pipelines:unfreeze': () => import('./commands/pipelines-unfreeze.ts'),
    'pipelines:approvals': () => import('./commands/pipelines-approvals.ts'),
    'pipelines:approve': () => import('./commands/pipelines-approve.ts'),
    'pipelines:reject': () => import('./commands/pipelines-reject.ts'),
    'pipelines:audit': () => import('./commands/pipelines-audit.ts'),
    'pipelines:transfer': () => import('./commands/pipelines-transfer.ts'),
    'pipelines:rename': () => import('./commands/pipelines-rename.ts'),
    'pipelines:destroy': () => import('./commands/pipelines-destroy.ts'),
    reviewapps: () => import('./commands/reviewapps.ts'),
    'reviewapps:create': () => import('./commands/reviewapps-create.ts'),
    'reviewapps:info': () => import('./commands/reviewapps-info.ts'),
    'reviewapps:destroy': () => import('./commands/reviewapps-destroy.ts'),
    'reviewapps:enable': () => import('./commands/reviewapps-enable.ts'),
    'reviewapps:disable': () => import('./commands/reviewapps-disable.ts'),
    'reviewapps:config': () => import('./commands/reviewapps-config.ts'),
    'reviewapps:config:set': () => import('./commands/reviewapps-config-set.ts'),
    'reviewapps:config:unset': () => import('./commands/reviewapps-config-unset.ts'),
  },
  tests: {
    ci: () => import('./commands/ci.ts'),
    'ci:info': () => import('./commands/ci-info.ts'),
    'ci:last': () => import('./commands/ci-last.ts'),
    'ci:run': () => import('./commands/ci-run.ts'),
    'ci:rerun': () => import('./commands/ci-rerun.ts'),
    'ci:cancel': () => import('./commands/ci-cancel.ts'),
    'ci:flaky': () => import('./commands/ci-flaky.ts'),
    'ci:enable': () => import('./commands/ci-enable.ts'),
    'ci:disable': () => import('./commands/ci-disable.ts'),
    'ci:config': () => import('./commands/ci-config.ts'),
    'ci:config:set': () => import('./commands/ci-config-set.ts'),
    'ci:config:unset': () => import('./commands/ci-config-unset.ts'),
  },
  config: {
    config: () => import('./commands/config.ts'),
    'config:set': () => import('./commands/config-set.ts'),
    'config:unset': () => import('./commands/config-unset.ts'),
  },
  running: {
    ps: () => import('./commands/ps.ts'),
    'ps:scale': () => import('./commands/ps-scale.ts'),
    'ps:restart': () => import('./commands/ps-restart.ts'),
    'ps:stop': () => import('./commands/ps-stop.ts'),
    'ps:wait': () => import('./commands/ps-wait.ts'),
    health: () => import('./commands/health.ts'),
    sleep: () => import('./commands/sleep.ts'),
    wake: () => import('./commands/wake.ts'),
    logs: () => import('./commands/logs.ts'),
    drains: () => import('./commands/drains.ts'),
    'drains:add': () => import('./commands/drains-add.ts'),
    'drains:remove': () => import('./commands/drains-remove.ts'),
    run: () => import('./commands/run.ts'),
  },
}

/** Other names under which people know some commands from elsewhere. */
const ALIASES: Readonly<Record<string, string>> = {
  'apps:create': 'create',
  'apps:destroy': 'destroy',
  'apps:transfer': 'access:transfer',
  'auth:login': 'login',
  'auth:logout': 'logout',
  'auth:whoami': 'whoami',
  'authorizations:destroy': 'authorizations:revoke',
  'releases:rollback': 'rollback',
  approve: 'pipelines:approve',
  reject: 'pipelines:reject',
  kill: 'ps:stop',
  'ps:kill': 'ps:stop',
  restart: 'ps:restart',
  scale: 'ps:scale',
  stop: 'ps:stop',
}

const COMMANDS: ReadonlyMap<string, Load> = new Map(Object.values(GROUPS).flatMap(Object.entries<Load>))

export const COMMAND_IDS: readonly string[] = [...COMMANDS.keys()]

/** The command of that name or alias; null when there is none. */
export async function loadCommand(name: string): Promise<CommandClass | null> {
  const id = ALIASES[name] ?? name
  const load = COMMANDS.get(id)
  if (load === undefined) return null
  const { default: command } = await load()
  command.id = id
  return command
}
