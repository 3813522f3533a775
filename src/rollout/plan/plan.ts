import type { Facts, SeenInstance } from '../facts.ts'
import type { Operation, Phase, Plan } from '../operations.ts'
import type { WantedType } from '../spec.ts'
import { type Census, census, isAdmitted, isReady, isUp } from './census.ts'
import { failureOf } from './failure.ts'
import { formationInstances, goalSet, goalTypes } from './goal.ts'
import { planReleasePhase } from './release-phase.ts'
import { isPaused } from './room.ts'
import { bakeIsOver } from './warm.ts'
import { isSwitched, planWeb } from './web.ts'
import { planWorkers, workersSwitched } from './workers.ts'

/** A pass is due this soon while something is under way, ms. */
const ACTIVE_MS = 25
/** … and this soon while only a bake goes on. */
const BAKE_MS = 100
/** … and this soon while only a release command runs: its end is told, and it may take an hour. */
const RELEASE_PHASE_MS = 2000

/** … and this soon while a rollout waits for somebody to let it go on, or for the pause after a crash to be over. */
const WAITING_MS = 500

/** … and this soon while something waits for a host that does not answer: when it does again is told. */
const AWAY_LOOK_MS = 500

/** … and this soon when nothing else is left to do. */
const SILENT_MS = 5000

/** What has crashed so often that its next start is further away than this is not waited for, ms. */
const HOPELESS_MS = 10_000

/**
 * The heart: from what is wanted and what is observed to the next operations. Pure, and with no memory: called again
 * with the world as it is then, it goes on from there, whatever happened in between.
 */
export function plan(given: Facts): Plan {
  const facts = given.wanted.destroyed ? withoutRollout(given) : given
  const counts = goalTypes(facts).map((type) => census(facts, type))
  const goingForward = facts.wanted.rollout?.direction === 'forward'
  const next = goingForward ? forward(facts, counts) : steady(facts, counts)
  const closing = closeSuperseded(facts)
  const possible = withinReach(facts, next)
  return closing.length > 0 ? active(next.phase, [...closing, ...possible.operations]) : possible
}

/** Without what would have to be done on hosts that do not answer: it is done when they do. */
function withinReach(facts: Facts, next: Plan): Plan {
  if (!isSilent(facts)) return next
  const away = new Set(facts.instances.filter((one) => one.unreachableFor !== null).map((one) => one.id))
  const operations = next.operations.filter((one) => !(isOnHost(one) && away.has(one.instance)))
  const waits = operations.length === 0 && next.wakeMs !== null && next.wakeMs < AWAY_LOOK_MS
  return { ...next, operations, wakeMs: waits && next.operations.length > 0 ? AWAY_LOOK_MS : next.wakeMs }
}

type OnHost = Extract<Operation, { kind: 'pre-stop' | 'terminate' | 'kill' | 'remove' }>

function isOnHost(operation: Operation): operation is OnHost {
  return ['pre-stop', 'terminate', 'kill', 'remove'].includes(operation.kind)
}

/** Of an app that is to go, nothing is handed over any more: no release phase is waited for, nothing is kept warm. */
function withoutRollout(facts: Facts): Facts {
  return { ...facts, wanted: { ...facts.wanted, rollout: null } }
}

/** A rollout that a newer one has superseded still gets its receipt. */
function closeSuperseded(facts: Facts): Operation[] {
  return facts.wanted.superseded.map((one) => ({
    kind: 'finish',
    note: 'a newer rollout has superseded it',
    rollout: one.id,
    outcome: 'superseded',
  }))
}

function forward(facts: Facts, counts: readonly Census[]): Plan {
  const rollout = facts.wanted.rollout!
  const turn = failureOf(facts, counts)
  if (turn) {
    return active('return', [
      { kind: 'turn-back', note: turn.reason, rollout: rollout.id, outcome: turn.outcome },
    ])
  }
  const early = beforehand(facts, counts)
  if (early) return early
  const operations = [...planReleasePhase(facts), ...handOver(facts, counts, true)]
  const whole = switched(counts)
  if (whole && !rollout.switched)
    operations.push({ kind: 'mark-switched', note: 'the whole target serves', rollout: rollout.id })
  if (rollout.switched && bakeIsOver(facts) && clean(facts, counts)) {
    operations.push({
      kind: 'finish',
      note: 'nothing is left to do',
      rollout: rollout.id,
      outcome: 'succeeded',
    })
  }
  if (!whole) return active('hand-over', operations, waitOf(facts, counts, operations))
  if (bakeIsOver(facts)) return active('clean-up', operations)
  return active('bake', operations, isPaused(facts) ? WAITING_MS : BAKE_MS)
}

/** Until the next pass, ms: longer where nothing goes on before somebody says so, or before the pause after a crash is over. */
function waitOf(facts: Facts, counts: readonly Census[], operations: readonly Operation[]): number {
  const waits = isPaused(facts) || longestPause(facts, counts) > WAITING_MS
  const held = waits || isSilent(facts) || counts.some(({ keepers }) => keepers.some(isTakenOut))
  return held && operations.length === 0 && counts.every(rests) ? WAITING_MS : ACTIVE_MS
}

/** Its checks have taken it out: it comes back by itself, or is given up after its boot limit. */
function isTakenOut(instance: SeenInstance): boolean {
  return isAdmitted(instance) && instance.server?.health === 'down'
}

/** A host does not answer. */
function isSilent(facts: Facts): boolean {
  return facts.instances.some((one) => one.unreachableFor !== null)
}

function rests({ type, keepers, stopping, exited }: Census): boolean {
  const waits = (one: SeenInstance) =>
    one.unreachableFor !== null || isTakenOut(one) || isUp(type, one) || isReady(one)
  return stopping.length + exited.length === 0 && keepers.every(waits)
}

/** Receipt, fetching and release phase come before anything live is touched. Upkeep of what runs goes on meanwhile. */
function beforehand(facts: Facts, counts: readonly Census[]): Plan | null {
  const rollout = facts.wanted.rollout!
  const before = asBefore(facts)
  const kept = before ? goalTypes(before).map((type) => census(before, type)) : counts
  const upkeep = () => handOver(before ?? facts, kept, before !== null)
  if (!facts.receiptOpen) {
    const types = counts.filter((count) => count.type.routable).map((count) => count.type.type)
    return active('prepare', [{ kind: 'open-receipt', note: 'counting begins', rollout: rollout.id, types }])
  }
  if (!facts.prepared && !notBegunAndPaused(facts))
    return active('prepare', [...upkeep(), prepare(facts, counts)])
  if (!rollout.releasePhaseDone || notBegunAndPaused(facts)) {
    const operations = [...upkeep(), ...releasePhase(facts)]
    const steady = operations.length === 0 && facts.orphans.length === 0 && kept.every(rests)
    return active('release-phase', operations, steady ? RELEASE_PHASE_MS : ACTIVE_MS)
  }
  return null
}

/** A release command that runs goes on; none is begun while the rollout waits. */
function releasePhase(facts: Facts): Operation[] {
  const operations = planReleasePhase(facts)
  return isPaused(facts) ? operations.filter(({ kind }) => kind !== 'start-release-phase') : operations
}

function notBegunAndPaused(facts: Facts): boolean {
  return isPaused(facts) && !hasBegun(facts)
}

/** Something of the target is there, or has been. */
function hasBegun(facts: Facts): boolean {
  const { target, switched } = facts.wanted.rollout!
  return switched || formationInstances(facts).some((one) => one.generation === target.generation)
}

/**
 * Before anything of the target is started, which a release phase can put off for long, the base is kept as it is
 * without a rollout: what dies of it is replaced. Null when there is no base, or something of the target is there:
 * after a restart of the control plane a rollout that is far on passes here again.
 */
function asBefore(facts: Facts): Facts | null {
  const { wanted, basePauses } = facts
  const { base } = wanted.rollout!
  if (!base || hasBegun(facts)) return null
  return { ...facts, wanted: { ...wanted, rollout: null, serving: base }, pauses: basePauses }
}

/** With no rollout, or with one that goes back: bring the goal about, and end the return when it has been. */
function steady(facts: Facts, counts: readonly Census[]): Plan {
  const fetchFirst = !facts.prepared && counts.some(needsFetching)
  const operations = fetchFirst
    ? [...handOver(facts, counts, false), prepare(facts, counts)]
    : handOver(facts, counts, true)
  operations.push(...planReleasePhase(facts), ...endOfReturn(facts, counts))
  const done = operations.length === 0 && clean(facts, counts) && switched(counts)
  if (done) return { operations, phase: 'settled', settled: true, wakeMs: isSilent(facts) ? SILENT_MS : null }
  const pause = longestPause(facts, counts)
  const onlyWaiting =
    operations.length === 0 && pause > 0 && clean(facts, counts) && counts.every(nothingBoots)
  return active(
    facts.wanted.rollout ? 'return' : 'hand-over',
    operations,
    onlyWaiting ? pause : waitOf(facts, counts, operations),
  )
}

/** Whatever is there of it has come up: only its end would be news, and that is told. */
function nothingBoots({ type, keepers }: Census): boolean {
  return keepers.every((one) => isUp(type, one))
}

function endOfReturn(facts: Facts, counts: readonly Census[]): Operation[] {
  const { rollout } = facts.wanted
  if (!rollout) return []
  const restored = switched(counts) && clean(facts, counts)
  // A base that does not come up either is no reason to go on for ever: its upkeep continues without a rollout.
  const hopeless = longestPause(facts, counts) > HOPELESS_MS || facts.broken !== null
  if (!restored && !hopeless) return []
  const note = restored ? 'what was before serves on' : 'what was before does not come up either'
  return [{ kind: 'finish', note, rollout: rollout.id, outcome: rollout.backOutcome ?? 'failed' }]
}

/** Until what is missing may be started, ms; 0 where nothing is. */
function longestPause({ pauses }: Facts, counts: readonly Census[]): number {
  const short = counts.filter(({ type, keepers }) => keepers.length < type.quantity)
  return Math.max(0, ...short.map(({ type }) => pauses.get(type.type) ?? 0))
}

/** The goal serves whole, and alone. */
export function isWhole(facts: Facts): boolean {
  return switched(goalTypes(facts).map((type) => census(facts, type)))
}

function handOver(facts: Facts, counts: readonly Census[], mayStart: boolean): Operation[] {
  const web = counts.filter((count) => count.type.routable)
  const workers = counts.filter((count) => !count.type.routable)
  const mayReplace = facts.wanted.rollout === null || (web.every(isSwitched) && !isPaused(facts))
  const operations: Operation[] = facts.orphans.map((orphan) => ({
    kind: 'free',
    note: 'nothing runs behind it',
    instance: orphan.instance,
    type: orphan.type,
    name: orphan.type,
    release: 0,
  }))
  for (const count of web) operations.push(...planWeb(facts, count, mayStart))
  for (const count of workers) operations.push(...planWorkers(facts, count, mayStart, mayReplace))
  return operations
}

function needsFetching(count: Census): boolean {
  const unassigned = count.type.routable && count.keepers.some((one) => one.server === null)
  return count.keepers.length < count.type.quantity || unassigned
}

function prepare(facts: Facts, counts: readonly Census[]): Operation {
  const types = counts.map((count) => count.type)
  const starts = counts
    .map((count) => ({
      size: count.type.size,
      count: Math.max(0, count.type.quantity - count.keepers.length),
    }))
    .filter((need) => need.count > 0)
  return {
    kind: 'prepare',
    note: 'fetch everything first',
    set: goalSet(facts.wanted)!,
    types: wantedTypes(types),
    starts,
  }
}

function wantedTypes(types: readonly WantedType[]): WantedType[] {
  return types.filter((type) => type.quantity > 0)
}

function switched(counts: readonly Census[]): boolean {
  return counts.every((count) => (count.type.routable ? isSwitched(count) : workersSwitched(count)))
}

/**
 * Nothing is left over: every instance is kept, and no server stands for one that is gone. What waits on hosts that do not
 * answer is taken away when they do; only an app that is to go stays until then.
 */
function clean(facts: Facts, counts: readonly Census[]): boolean {
  const isIn = (one: SeenInstance) => facts.wanted.destroyed || one.unreachableFor === null
  const kept = counts.reduce((sum, count) => sum + count.keepers.length, 0)
  const away = counts.flatMap((count) => count.leftovers).filter((one) => !isIn(one)).length
  const phases = facts.instances.filter((one) => one.kind === 'release-phase' && isIn(one))
  return formationInstances(facts).length - away === kept && facts.orphans.length === 0 && phases.length === 0
}

function active(phase: Phase, operations: readonly Operation[], wakeMs = ACTIVE_MS): Plan {
  return { operations, phase, settled: false, wakeMs }
}
