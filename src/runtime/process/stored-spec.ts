import { join } from 'node:path'
import type { InstanceId, InstanceSpec } from '../../domain/instance.ts'
import { readIfThere, writeDurably } from './files.ts'
import { instanceDir, type Layout } from './layout.ts'

/** What is kept on disk of an instance: all but its environment, which may hold secrets. */
export interface StoredSpec extends Omit<InstanceSpec, 'env'> {
  /** UTC ms. */
  readonly startedAt: number
  /** The boot of the machine that it was started in. */
  readonly boot: string
  readonly ports: { readonly serve: number; readonly private: number } | null
  /** Its own user, or null when it runs as the control plane's. */
  readonly uid: number | null
  readonly root: string
  readonly cgroups: readonly string[]
}

const FILE = 'spec.json'

/** The instance exists from this write on. */
export function storeSpec(layout: Layout, spec: StoredSpec): void {
  writeDurably(join(instanceDir(layout, spec.id), FILE), JSON.stringify(spec))
}

/** Null when there is no such instance (any more). Throws when the file is not what was written. */
export function loadSpec(layout: Layout, id: InstanceId): StoredSpec | null {
  const text = readIfThere(specPath(layout, id))
  return text === null ? null : (JSON.parse(text) as StoredSpec)
}

export function specPath(layout: Layout, id: InstanceId): string {
  return join(instanceDir(layout, id), FILE)
}

/** The part of a spec that may be written down. */
export function withoutEnvironment(spec: InstanceSpec): Omit<InstanceSpec, 'env'> {
  const { env: _secret, ...rest } = spec
  return rest
}
