import type Docker from 'dockerode'
import type { InstanceExit } from '../../domain/instance.ts'
import { type Identity, identityOf } from './labels.ts'

/** A container of ours, as Docker told of it last. Times are UTC ms of the control plane's clock. */
export interface Seen extends Identity {
  /** Docker's own id. */
  readonly container: string
  /** `created`: never started. `restarting`: it has ended, and Docker is about to start it again. */
  readonly state: 'created' | 'running' | 'restarting' | 'exited'
  readonly createdAt: number
  readonly startedAt: number
  readonly pid: number | null
  /** How it ended last; null while it runs. */
  readonly exit: InstanceExit | null
  /**
   * Of one that has ended: it was told when it happened, or Docker will not start it again. False: it was found like that,
   * and it may be that Docker, having started itself just now, is about to start it.
   */
  readonly witnessed: boolean
  /** When it was first seen in this state, UTC ms. */
  readonly foundAt: number
  /** Signal that asks it to stop. */
  readonly stopSignal: string
  /** What stands before each of its commands. */
  readonly entrypoint: readonly string[]
  /** Docker starts it again when it ends, and after a reboot. */
  readonly comesBack: boolean
  /** Its input and output are at somebody's hands, and in no log. */
  readonly attached: boolean
}

/** `aheadMs`: how far the host's clock is before ours. */
export function seenOf(found: Docker.ContainerInspectInfo, aheadMs: number): Seen {
  const { Id, Config, HostConfig, State, Created } = found
  const time = (text: string) => Date.parse(text) - aheadMs
  const state = stateOf(State)
  const createdAt = time(Created)
  const comesBack = !['', 'no'].includes(HostConfig.RestartPolicy?.Name ?? 'no')
  return {
    ...identityOf(Config.Labels ?? {}),
    container: Id,
    state,
    createdAt,
    startedAt: state === 'created' ? createdAt : time(State.StartedAt),
    pid: state === 'running' && State.Pid > 0 ? State.Pid : null,
    exit:
      state === 'running' || state === 'created'
        ? null
        : {
            code: State.ExitCode,
            at: time(State.FinishedAt),
            cause: causeOf(State.ExitCode, State.OOMKilled),
          },
    stopSignal: (Config as { StopSignal?: string }).StopSignal || 'SIGTERM',
    entrypoint: [Config.Entrypoint ?? []].flat(),
    comesBack,
    witnessed: state === 'restarting' || (state === 'exited' && !comesBack),
    foundAt: Date.now(),
    attached: Config.OpenStdin,
  }
}

const KILLED = 137

/** The kernel kills a process for memory; a child of the instance may have been meant as long as it lives on itself. */
export function causeOf(code: number, outOfMemory: boolean): InstanceExit['cause'] {
  return outOfMemory && code === KILLED ? 'memory' : 'exit'
}

function stateOf(state: Docker.ContainerInspectInfo['State']): Seen['state'] {
  if (state.Restarting) return 'restarting'
  if (state.Running) return 'running'
  return state.Status === 'created' ? 'created' : 'exited'
}
