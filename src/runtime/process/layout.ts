import { createHash } from 'node:crypto'
import { chmodSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { InstanceId } from '../../domain/instance.ts'

/** Where things lie below the data directory. Instances may traverse the upper folders, list none, read only their own. */
export interface Layout {
  readonly data: string
  readonly instances: string
  readonly status: string
  readonly rawLogs: string
  /** Short name of this data directory, for what is shared by the whole machine. */
  readonly tag: string
}

const TRAVERSE_ONLY = 0o711
const PRIVATE = 0o700

/** Makes the folders; `data` itself must be traversable for instances that run under their own user. */
export function makeLayout(data: string): Layout {
  const layout = layoutOf(data)
  mkdirSync(data, { recursive: true })
  chmodSync(data, TRAVERSE_ONLY)
  for (const path of [layout.instances]) makeDir(path, TRAVERSE_ONLY)
  for (const path of [layout.status, join(data, 'logs'), layout.rawLogs]) makeDir(path, PRIVATE)
  return layout
}

export function layoutOf(data: string): Layout {
  return {
    data,
    instances: join(data, 'instances'),
    status: join(data, 'status'),
    rawLogs: join(data, 'logs', 'raw'),
    tag: createHash('sha256').update(data).digest('hex').slice(0, 8),
  }
}

function makeDir(path: string, mode: number): void {
  mkdirSync(path, { recursive: true, mode })
  chmodSync(path, mode)
}

export function instanceDir(layout: Layout, id: InstanceId): string {
  return join(layout.instances, id)
}

export function statusPath(layout: Layout, id: InstanceId): string {
  return join(layout.status, id)
}

/** Between the instance's name and its id in the name of a raw log; neither can hold it. */
export const NAME_SEPARATOR = '~'

/** The file that an instance writes its output to: app, name and id stand in it, so that it can be read without the instance. */
export function rawLogPath(layout: Layout, spec: { appId: string; name: string; id: InstanceId }): string {
  return join(layout.rawLogs, spec.appId, `${spec.name}${NAME_SEPARATOR}${spec.id}.log`)
}
