import { execFileSync } from 'node:child_process'
import { chownSync, closeSync, constants, openSync, unlinkSync } from 'node:fs'

export interface PipeEnds {
  readonly read: number
  readonly write: number
}

/**
 * A pipe of the kernel. What Node makes for a child are sockets, and those can not be opened again by name:
 * with them `echo >/dev/stderr` fails. `uid` may open it again; null: nobody but us needs to.
 */
export function makePipe(path: string, uid: number | null): PipeEnds {
  execFileSync('mkfifo', ['-m', '600', path])
  try {
    if (uid !== null) chownSync(path, uid, uid)
    return openEnds(path)
  } finally {
    unlinkSync(path)
  }
}

/** Opening one end waits for the other: a third, open for both and for an instant, is the other. */
function openEnds(path: string): PipeEnds {
  const both = openSync(path, constants.O_RDWR | constants.O_NONBLOCK)
  try {
    return { read: openSync(path, constants.O_RDONLY), write: openSync(path, constants.O_WRONLY) }
  } finally {
    closeSync(both)
  }
}
