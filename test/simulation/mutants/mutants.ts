/**
 * Deliberate faults in the engine, each a small patch: the simulation is worth as much as it finds of them. A patch
 * whose text is no longer in its file is an error, so that none goes stale unseen.
 */
export interface Mutant {
  readonly name: string
  /** Path below `src/` or `test/`. */
  readonly file: string
  readonly find: string
  readonly replace: string
}

const RETIRE = 'src/rollout/plan/retire.ts'
const ROOM = 'src/rollout/plan/room.ts'
const ROTATION = 'src/rollout/plan/rotation.ts'
const WARM = 'src/rollout/plan/warm.ts'
const CENSUS = 'src/rollout/plan/census.ts'
const PLAN = 'src/rollout/plan/plan.ts'
const FAILURE = 'src/rollout/plan/failure.ts'
const GATHER = 'src/rollout/gather.ts'

/** The source of its file with the patch; throws when the patch does not fit exactly once. */
export function patched({ name, file, find, replace }: Mutant, source: string): string {
  if (source.split(find).length === 2) return source.replace(find, () => replace)
  throw new Error(`The patch of "${name}" does not fit ${file} once: bring it up to date.`)
}

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'signal without waiting until nothing is in flight',
    file: RETIRE,
    find: 'if (!server.idle && !limitPassed) return []',
    replace: '',
  },
  {
    name: 'no drain limit',
    file: RETIRE,
    find: 'const limitPassed = server.outFor >= settingsOf(facts.wanted, instance).drainSeconds * 1000',
    replace: 'const limitPassed = false',
  },
  {
    name: 'drain limits of another release',
    file: 'src/rollout/gather.ts',
    find: 'if (unknown.size === 0) return wanted',
    replace: 'if (unknown.size >= 0) return wanted',
  },
  {
    name: 'SIGKILL right after SIGTERM',
    file: RETIRE,
    find: 'since >= settings.stopSeconds * 1000 &&',
    replace: 'since >= 0 &&',
  },
  {
    name: 'cut streams at once',
    file: RETIRE,
    find: 'since >= settings.streamSeconds * 1000',
    replace: 'since >= 0',
  },
  {
    name: 'give a port back while a slot names it',
    file: RETIRE,
    find: "kind: instance.server ? 'free' : 'remove'",
    replace: "kind: 'remove'",
  },
  {
    name: 'admit before the checks have passed',
    file: CENSUS,
    find: "return server?.admin === 'drain' && server.everywhere && server.health === 'up'",
    replace: "return server?.admin === 'drain' && server.everywhere",
  },
  {
    name: 'skip all checks but the first',
    file: 'src/rollout/effects.ts',
    find: 'settings: type.settings,',
    replace: 'settings: { ...type.settings, rise: 1 },',
  },
  {
    name: 'count what only some routers admitted as serving',
    file: CENSUS,
    find: "return isAdmitted(instance) && instance.server!.everywhere && instance.server!.health === 'up'",
    replace: "return isAdmitted(instance) && instance.server!.health === 'up'",
  },
  {
    name: 'forget the surge',
    file: ROOM,
    find: 'const most = type.quantity + (isPaused(facts) ? 0 : surge)',
    replace: 'const most = type.quantity + (isPaused(facts) ? 0 : surge + 1)',
  },
  {
    name: 'no bound on what several superseded rollouts leave',
    file: ROOM,
    find: 'return Math.min(starting, slotsFor(type.settings, type.quantity) - present)',
    replace: 'return Math.min(starting, starting + present)',
  },
  {
    name: 'drain one too many',
    file: ROOM,
    find: 'return serving + old.filter(isServing).length - least',
    replace: 'return serving + old.filter(isServing).length - least + 1',
  },
  {
    name: 'admit without room',
    file: ROTATION,
    find: '...ready.slice(0, Math.max(0, room)).map(',
    replace: '...ready.slice(0, Math.max(99, room)).map(',
  },
  {
    name: 'preboot one by one',
    file: ROTATION,
    find: 'if (!whole || room < 0 || isPaused(facts)) return [...again, ...fillingIn(count, ready)]',
    replace: 'if (room < -99) return [...again, ...fillingIn(count, ready)]',
  },
  {
    name: 'keep nothing warm',
    file: WARM,
    find: 'return isHopeful(facts, instance) && !bakeIsOver(facts) && isOfWholeBase(facts, count, instance)',
    replace: 'return false && isOfWholeBase(facts, count, instance)',
  },
  {
    name: 'no bake',
    file: WARM,
    find: 'return facts.bakedFor !== null && facts.bakedFor >= bakeLimitMs(facts)',
    replace: 'return facts.bakedFor !== null && (bakeLimitMs(facts) >= 0)',
  },
  {
    name: 'preboot waits for the whole set though fewer serve than are wanted',
    file: ROTATION,
    find: 'return ready.slice(0, Math.max(0, missing)).map(',
    replace: 'return ready.slice(0, Math.min(0, missing)).map(',
  },
  {
    name: 'go on though it is paused',
    file: ROOM,
    find: "return rollout?.direction === 'forward' && rollout.paused",
    replace: "return rollout?.direction === 'back' && rollout.paused",
  },
  {
    name: 'end the bake though it is paused',
    file: WARM,
    find: 'if (facts.wanted.rollout?.paused) return false',
    replace: '',
  },
  {
    name: 'keep in rotation what does not serve',
    file: ROTATION,
    find: 'if (!isServing(one)) return spare >= 0',
    replace: 'if (!isServing(one)) return false',
  },
  {
    name: 'leave the ill in the way',
    file: ROTATION,
    find: 'if (missing <= 0 || roomToStart(facts, count) > 0) return []',
    replace: 'if (missing !== -1 || roomToStart(facts, count) > 0) return []',
  },
  {
    name: 'do not see a crash of the new release',
    file: FAILURE,
    find: 'const found = crashed(facts, count) ?? neverReady(facts, count) ?? takenOut(facts, count)',
    replace:
      'const found = (count === null ? crashed(facts, count) : null) ?? neverReady(facts, count) ?? takenOut(facts, count)',
  },
  {
    name: 'wait for ever for a new release that does not come up',
    file: FAILURE,
    find: 'one.age > limit * 1000,',
    replace: 'one.age > limit * 1e9,',
  },
  {
    name: 'start before the release phase has passed',
    file: PLAN,
    find: 'if (!rollout.releasePhaseDone || notBegunAndPaused(facts)) {',
    replace: 'if (!rollout.releasePhaseDone && facts.instances.length < 0) {',
  },
  {
    name: 'run the release command again and again',
    file: 'src/rollout/plan/release-phase.ts',
    find: 'if (!current)\n    return [',
    replace: 'if (!current || current.running)\n    return [',
  },
  {
    name: 'keep a rollout going in an app that is to go',
    file: PLAN,
    find: 'const facts = given.wanted.destroyed ? withoutRollout(given) : given',
    replace:
      'const facts = given.wanted.destroyed && given.instances.length === 0 ? withoutRollout(given) : given',
  },
  {
    name: 'sleep through a pause while something boots',
    file: PLAN,
    find: 'clean(facts, counts) && counts.every(nothingBoots)',
    replace: 'clean(facts, counts) && (true || counts.every(nothingBoots))',
  },
  {
    name: 'say that it has gone back before it has',
    file: PLAN,
    find: 'const restored = switched(counts) && clean(facts, counts)',
    replace: 'const restored = counts.length > 0 || (clean(facts, counts) && switched(counts))',
  },
  {
    name: 'say that it has succeeded before all of it serves',
    file: PLAN,
    find: 'if (rollout.switched && bakeIsOver(facts) && clean(facts, counts)) {',
    replace: 'if (rollout.switched) {',
  },
  {
    name: 'give up what was before at its first pause',
    file: PLAN,
    find: 'longestPause(facts, counts) > HOPELESS_MS',
    replace: 'longestPause(facts, counts) > HOPELESS_MS * 0',
  },
  {
    name: 'replace nothing that dies during a release phase',
    file: PLAN,
    find: 'if (!base || hasBegun(facts)) return null',
    replace: 'if (!base || hasBegun(facts) || !wanted.rollout!.switched) return null',
  },
  {
    name: 'retry crashes in a loop',
    file: 'src/rollout/crashes.ts',
    find: 'if (crashes <= 1) return 0',
    replace: 'if (crashes <= 1e9) return 0',
  },
  {
    name: 'stop a singleton after its successor has started',
    file: 'src/rollout/plan/workers.ts',
    find: 'if (type.settings.singleton && [...old, ...stopping, ...leftovers].some((one) => one.running)) return []',
    replace: '',
  },
  {
    name: 'trust the first look at the routers instead of observing',
    file: GATHER,
    find: 'for (const type of types) views.set(type, await this.#deps.router.observe({ appId: wanted.appId, type }))',
    replace:
      'for (const type of types) views.set(type, ((globalThis as any).seen ??= new Map()).get(wanted.appId + wanted.generation) ?? (await this.#deps.router.observe({ appId: wanted.appId, type })))\n    for (const [type, view] of views) if (view && view.servers.length > 0) (globalThis as any).seen.set(wanted.appId + wanted.generation, view)',
  },
  {
    name: 'measure a drain limit from before a late command let it in again',
    file: 'src/rollout/observer.ts',
    find: 'server.inFlight > track.inFlightSeen',
    replace: 'server.inFlight < 0',
  },
  {
    name: 'remember for ever who was to be replaced',
    file: GATHER,
    find: 'if (wanted.condemned.size === 0) return',
    replace: 'if (wanted.condemned.size >= 0) return',
  },
  {
    name: 'ignore the generation',
    file: 'src/rollout/executor.ts',
    find: 'const ids = await this.#deps.store.journal(entries)',
    replace:
      'const ids = await this.#deps.store.journal(entries).catch(() => entries.map((_, at) => at + 1))',
  },
  {
    name: 'act first, write it down afterwards',
    file: 'src/rollout/executor.ts',
    find: 'const ids = await this.#deps.store.journal(entries)',
    replace:
      'void Promise.allSettled(bound.map((one) => this.#effects.bring(wanted, one)))\n    const ids = await this.#deps.store.journal(entries)',
  },
  {
    name: 'let go of an app whose end could not be written',
    file: 'src/rollout/controller.ts',
    find: 'await this.#deps.gone(this.#appId)\n    this.#stopped = true',
    replace: 'this.#stopped = true\n    await this.#deps.gone(this.#appId)',
  },
  {
    name: 'give up after a pass that failed',
    file: 'src/rollout/controller.ts',
    find: 'return this.#retryAfter(asTasukiError(error))',
    replace: 'this.#retryAfter(asTasukiError(error))\n      return null',
  },
  {
    name: "collect a rollback's artifact",
    file: 'src/domain/needed-artifacts.ts',
    find: 'index < keepReleases || versions.has(release.version)',
    replace: 'index < Math.min(1, keepReleases) || versions.has(release.version)',
  },
  {
    name: 'collect the artifact of what serves',
    file: 'src/domain/needed-artifacts.ts',
    find: 'new Set<number | null | undefined>([use.serving, ...use.runs])',
    replace: 'new Set<number | null | undefined>([...use.runs])',
  },
  {
    name: 'wait in a rollout for a host that does not answer',
    file: PLAN,
    find: 'const isIn = (one: SeenInstance) => facts.wanted.destroyed || one.unreachableFor === null',
    replace: 'const isIn = (_one: SeenInstance) => true',
  },
  {
    name: 'forget an app while something of it is on a silent host',
    file: PLAN,
    find: 'const isIn = (one: SeenInstance) => facts.wanted.destroyed || one.unreachableFor === null',
    replace: 'const isIn = (one: SeenInstance) => one.unreachableFor === null',
  },
  {
    name: 'never start elsewhere what ran on a silent host',
    file: CENSUS,
    find: 'instance.unreachableFor < AWAY_MS',
    replace: 'instance.unreachableFor < Number.POSITIVE_INFINITY',
  },
  {
    name: 'start a second singleton while the first may run on a silent host',
    file: 'src/rollout/plan/workers.ts',
    find: '[...old, ...stopping, ...leftovers]',
    replace: '[...old, ...stopping]',
  },
  {
    name: 'leave the slot to what is out of service on a silent host',
    file: RETIRE,
    find: "if (server.admin === 'maint' && instance.unreachableFor !== null) return vacate(instance)",
    replace: '',
  },
]
