import { execa } from 'execa'
import type { SshConnection } from '../../../ssh/connection.ts'

/** Runs a shell command on a host. Throws TasukiError `host_unreachable` when it is not known how it went. */
export type Shell = (
  command: string,
  options: { readonly input?: string; readonly timeoutMs?: number },
) => Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }>

const LIMIT_MS = 15_000
/** Of a command that could not be run, or was killed. */
const UNKNOWN = 255

/** A shell over SSH, or on the control plane's own machine where there is no connection. */
export function shellOf(ssh: Pick<SshConnection, 'exec'> | null): Shell {
  if (ssh) return (command, options) => ssh.exec(command, { timeoutMs: LIMIT_MS, ...options })
  return async (command, { input = '', timeoutMs = LIMIT_MS }) => {
    const ran = await execa('sh', ['-c', command], { input, timeout: timeoutMs, reject: false })
    return { code: ran.exitCode ?? UNKNOWN, stdout: ran.stdout, stderr: ran.stderr }
  }
}
