import { ROUTABLE_TYPE } from '../../../src/domain/release.ts'
import { isUnderWay, releaseOf, type SimApp } from './app.ts'
import { keyOf } from './router.ts'
import type { SimInstance } from './runtime.ts'
import type { World } from './world.ts'

type Parts = Pick<World, 'store' | 'runtime' | 'router' | 'visitors' | 'isUp'>

/** Exactly what is wanted of the app is there and serves, and nothing is under way. */
export function isAtRest({ runtime, router }: Pick<Parts, 'runtime' | 'router'>, app: SimApp): boolean {
  if (app.destroyed || app.condemned.size > 0) return false
  if (isUnderWay(app)) return false
  const all = runtime.of(app.id)
  const web = app.serving ? app.quantity.web : 0
  const hasWorker = app.serving !== null && releaseOf(app, app.serving.release)!.hasWorker
  const workers = hasWorker ? app.quantity.worker : 0
  if (all.length !== web + workers) return false
  let routable = 0
  for (const one of all) {
    if (!belongs(app, one)) return false
    if (one.spec.type === ROUTABLE_TYPE) routable += 1
  }
  if (routable !== web) return false
  const key = keyOf({ appId: app.id, type: ROUTABLE_TYPE })
  return router.serving(key).length === web && serversOf({ router }, key) === web * router.nodes.length
}

function belongs(app: SimApp, { info, signalledAt, spec, host }: SimInstance): boolean {
  const isThere = host.state === 'up' || host.state === 'away'
  const runs = isThere && info.state === 'running' && signalledAt === null
  return runs && spec.generation === app.serving!.generation
}

function serversOf({ router }: Pick<Parts, 'router'>, key: string): number {
  return router.nodes.reduce((sum, node) => sum + (node.backends.get(key)?.servers.size ?? 0), 0)
}

/** Where everything stands, for people. */
export function describe(parts: Parts): string {
  const { store, runtime, visitors, isUp } = parts
  return [
    `  control plane ${isUp ? 'up' : 'down'}`,
    ...[...store.byId.values()].map((app) => describeApp(parts, app)),
    ...runtime.all().map((one) => `    ${describeInstance(parts, one)}`),
    `  visitors: ${JSON.stringify(visitors.counts)}`,
  ].join('\n')
}

function describeApp(
  parts: Parts,
  { id, serving, quantity, destroyed, condemned, rollouts }: SimApp,
): string {
  const set = serving ? `v${serving.release} of generation ${serving.generation}` : 'nothing'
  const going = destroyed ? ', destroyed' : ''
  const replaced = condemned.size > 0 ? `, condemned: ${[...condemned].join(' ')}` : ''
  const servers = serversOf(parts, keyOf({ appId: id, type: ROUTABLE_TYPE }))
  return [
    `  ${id}: ${set} serves; web=${quantity.web} worker=${quantity.worker}${going}${replaced}; servers ${servers}`,
    ...rollouts.slice(-4).map((one) => {
      const how = `${one.outcome ?? 'running'}${one.switched ? ' switched' : ''}${one.paused ? ' paused' : ''}`
      return `    ${one.id} v${one.target.release} ${one.direction} ${how} ${one.reason ?? ''}`
    }),
  ].join('\n')
}

function describeInstance({ router }: Parts, one: SimInstance): string {
  const seats = router.nodes.map((node) => {
    const seat = node.newest.seats.get(one.info.id)
    const server = node.backends.get(keyOf(one.spec))?.servers.get(one.info.id)
    return seat && server ? `${seat.admin}/${server.health}/${seat.plain}` : '–'
  })
  const signalled = one.signalledAt === null ? '' : ' signalled'
  const { info, spec } = one
  return `${info.id} v${spec.release} g${spec.generation} ${info.state}${signalled} [${seats.join(' ')}]`
}
