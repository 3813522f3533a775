import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { TrafficReport } from '../../../domain/traffic.ts'
import type { PositionState } from './position.ts'
import type { ReceiptState } from './receipt.ts'

/** A receipt that was closed, kept so that `close` may be asked again after a restart. */
export interface ClosedReceipt {
  readonly rollout: string
  readonly at: number
  readonly report: TrafficReport
}

/** All that a new process needs to go on counting exactly where the old one stopped. */
export interface TrafficState {
  readonly version: 1
  readonly positions: readonly PositionState[]
  readonly receipts: readonly ReceiptState[]
  readonly closed: readonly ClosedReceipt[]
}

const EMPTY: TrafficState = { version: 1, positions: [], receipts: [], closed: [] }

/** What was saved last, and whether anything was lost: a file that can not be understood is nothing. */
export function loadState(path: string): { state: TrafficState; damaged: boolean } {
  const text = readIfThere(path)
  if (text === null) return { state: EMPTY, damaged: false }
  try {
    const state = JSON.parse(text) as TrafficState
    return state.version === 1 ? { state, damaged: false } : { state: EMPTY, damaged: true }
  } catch {
    return { state: EMPTY, damaged: true }
  }
}

/**
 * Replaces the file in one step. Not synced: a killed process loses nothing by that, and when the machine goes down,
 * the lines that it counted are gone with the router anyway.
 */
export function saveState(path: string, state: TrafficState): void {
  mkdirSync(dirname(path), { recursive: true })
  const draft = `${path}.new`
  writeFileSync(draft, JSON.stringify(state), { mode: 0o600 })
  renameSync(draft, path)
}

function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}
