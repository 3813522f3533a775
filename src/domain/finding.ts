/**
 * Something that was looked at. `ok`: as it should be. `note`: worth knowing. `warning`: works, and will hurt. `problem`: does
 * not work, or is open to strangers.
 */
export type FindingLevel = 'ok' | 'note' | 'warning' | 'problem'

export interface Finding {
  /** Stable, for scripts: `docker_missing`. */
  readonly code: string
  readonly level: FindingLevel
  /** What is meant: `server`, `host h1`, `app shop`, `domain www.example.org`. */
  readonly about: string
  /** What was found, in one sentence. */
  readonly text: string
  /** What to do; '' where there is nothing to do. */
  readonly next: string
}

const LEVELS: readonly FindingLevel[] = ['problem', 'warning', 'note', 'ok']

/** The worst first, and what belongs together beside each other. */
export function sortedFindings(findings: readonly Finding[]): Finding[] {
  return findings.toSorted(
    (one, other) =>
      LEVELS.indexOf(one.level) - LEVELS.indexOf(other.level) ||
      one.about.localeCompare(other.about, 'en', { numeric: true }),
  )
}
