import { readFile, rm } from 'node:fs/promises'
import { ROUTABLE_TYPE } from '../../domain/release.ts'
import { type Backend, emptied } from './backend.ts'
import { writeDurably } from './durable.ts'
import type { Layout } from './layout.ts'
import type { Parts } from './parts.ts'
import { probeBackend } from './probe-class.ts'
import { machineBoot } from './proc.ts'
import { bringDown } from './watchdog.ts'

/** Whether the machine was started anew since the router last ran: then its processes are gone and others have their numbers. */
export async function afterReboot(layout: Layout): Promise<boolean> {
  const then = await readFile(layout.machine, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return ''
    throw error
  })
  if (then.trim() === (await machineBoot())) return false
  for (const run of [layout.masterRun, layout.watchdogRun]) await rm(run, { force: true })
  return true
}

/** Brings HAProxy up with what is on disk, or takes over the one that runs. */
export async function startOrAdopt(parts: Parts, rebooted: boolean): Promise<'started' | 'adopted'> {
  const { watchdog, options } = parts.found
  const how = watchdog.master() ? 'adopted' : 'started'
  if (rebooted) await emptyAll(parts)
  await (how === 'adopted' ? adopt(parts) : boot(parts))
  watchdog.supervise(
    () => parts.restarted(),
    (error) =>
      options.log.error({ error: String(error) }, 'HAProxy and its watchdog can not be looked after'),
  )
  return how
}

/** Saved addresses may belong to somebody else since the machine was started anew. */
async function emptyAll({ found, registry }: Parts): Promise<void> {
  for (const backend of registry.all()) await registry.put(emptied(backend))
  await writeDurably(found.layout.machine, `${await machineBoot()}\n`)
}

/** Everything on disk as it is to be, for a HAProxy that does not run. */
async function boot(parts: Parts): Promise<void> {
  const { found, registry, structure, shared } = parts
  const draft = structure.draft()
  for (const map of [shared.hosts, shared.maintenance, shared.sleeping]) {
    await map.load()
    await map.reset(map.entries)
  }
  await shared.backends.reset(routes([...draft.backends.values()]))
  const wanted = await parts.commonFiles(draft)
  for (const backend of draft.backends.values()) wanted.set(...(await registry.draft(backend)))
  await found.files.validate(wanted)
  await found.files.replaceAll(wanted)
  registry.adopt(draft.backends)
  structure.adopt(draft.probeClasses)
  await launch(parts)
}

async function launch({ found, workers }: Parts): Promise<void> {
  const { watchdog, layout } = found
  const log = await watchdog.logLength()
  const spawned = await watchdog.ensure()
  try {
    await watchdog.ready(log)
    await workers.list()
  } catch (error) {
    if (spawned) await bringDown(layout)
    throw error
  }
}

/** Takes over: what this version of the control plane would write otherwise is reloaded, the rest left as it is. */
async function adopt(parts: Parts): Promise<void> {
  const { found, registry, structure, shared, workers, gate, reload } = parts
  await found.watchdog.ensure()
  await workers.list()
  await Promise.all([shared.hosts.load(), shared.maintenance.load(), shared.sleeping.load()])
  await shared.backends.reset(routes(registry.all()))
  for (const map of Object.values(shared)) await map.sync()
  await stopProbes(parts)
  await found.files.change(
    new Map(parts.broken.filter((file) => !registry.has(file)).map((file) => [file, null])),
  )
  await structure.request(() => undefined)
  if (found.outdated) await gate.alone(() => reload.run(new Map(), registry.all()))
}

/** Nobody knows any more what they are for; whose checks they were is assigned again. */
async function stopProbes({ probeClasses, workers }: Parts): Promise<void> {
  const servers = probeClasses.flatMap((each) =>
    Array.from({ length: each.size }, (_, index) => `${probeBackend(each)}/p${index + 1}`),
  )
  const commands = servers.map((server) => `set server ${server} state maint`)
  await workers.each((worker) => (worker.newest ? commands : []))
}

function routes(backends: readonly Backend[]): Map<string, string> {
  return new Map(
    backends.flatMap(({ owner, name }) =>
      owner?.type === ROUTABLE_TYPE ? [[owner.appId, name] as const] : [],
    ),
  )
}
