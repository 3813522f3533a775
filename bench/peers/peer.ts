import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePorts } from '../../test/harness/ports.ts'
import { processesOf } from '../../test/harness/processes.ts'
import { listening, type Workspace } from '../workspace.ts'

/** A way to the backends that is measured. */
export interface Way {
  readonly name: string
  readonly url: string
  /** Its processes now, by what they are; the processor time of each group is told apart. */
  processes(): { readonly proxy: readonly number[]; readonly control: readonly number[] }
}

/** How a proxy of Debian is started: the smallest configuration that balances over the backends and keeps connections. */
export interface Peer {
  readonly name: string
  readonly command: string
  /** The file that `args` names, in the working directory. */
  readonly file: string
  readonly args: readonly string[]
  config(port: number, backends: readonly number[]): string
}

/** Starts it in front of backends on these loopback ports. */
export async function startPeer(workspace: Workspace, peer: Peer, backends: readonly number[]): Promise<Way> {
  const folder = workspace.folder(peer.name.toLowerCase().replaceAll(' ', '-'))
  const [port] = await freePorts(1)
  writeFileSync(join(folder, peer.file), peer.config(port!, backends))
  workspace.spawn(folder, peer.command, peer.args, { HOME: folder })
  await listening(port!, folder)
  return {
    name: peer.name,
    url: `http://127.0.0.1:${port}/`,
    processes: () => ({ proxy: processesOf(folder), control: [] }),
  }
}
