import { stripVTControlCharacters } from 'node:util'
import { ago, counted } from '../../text/numbers.ts'
import type { Screen } from '../../text/screen.ts'
import { table } from '../../text/table.ts'
import { instant } from '../wire/rollouts.ts'

interface ReleaseRef {
  readonly version: number
  readonly commit: string | null
}

interface CommitRecord {
  readonly sha: string
  readonly message: string
  readonly author: string | null
  readonly at: string | null
}

/** What a promotion would change at one app. */
export interface ChangesRecord {
  readonly app: { readonly id: string; readonly name: string }
  readonly from: ReleaseRef | null
  readonly to: ReleaseRef
  readonly same_artifact: boolean
  readonly commits: readonly CommitRecord[] | null
  readonly commits_removed: readonly CommitRecord[] | null
  readonly commits_unknown: string | null
  readonly config: {
    readonly only_source: readonly string[]
    readonly only_target: readonly string[]
    readonly different: readonly string[]
    readonly missing: readonly string[]
  }
  readonly migration: {
    readonly command: string | null
    readonly command_before: string | null
    readonly files: readonly string[] | null
  }
  readonly tests: { readonly number: number; readonly status: string } | null
}

const SHOWN_COMMITS = 20
const SHORT_SHA = 8

/** What a promotion from `source` would change at one app, for people. */
export function renderChanges(source: string, changes: ChangesRecord, screen: Screen): string[] {
  const { app, same_artifact: same } = changes
  const head = same ? `${app.name} has what ${source} has already` : `${source} → ${app.name}`
  return [
    screen.paint('bold', screen.unicode ? head : head.replace('→', '->')),
    ...(same ? [] : [`  ${versions(changes)}`, ...commitLines(changes, screen), ...testLines(changes)]),
    ...migrationLines(changes),
    ...configLines(source, changes, screen),
  ]
}

function versions({ from, to }: ChangesRecord): string {
  const named = ({ version, commit }: ReleaseRef) =>
    `v${version}${commit === null ? '' : ` (${commit.slice(0, SHORT_SHA)})`}`
  return from === null ? `${named(to)} where nothing serves yet` : `${named(to)} instead of ${named(from)}`
}

function commitLines(changes: ChangesRecord, screen: Screen): string[] {
  const { commits, commits_removed: removed, commits_unknown: unknown } = changes
  if (commits === null) return [`  Commits: ${unknown ?? 'not known.'}`]
  const lost = removed?.length ? [`  Goes back behind ${counted(removed.length, 'commit')}:`] : []
  return [
    ...(commits.length > 0 ? [`  ${counted(commits.length, 'commit')}:`, ...listed(commits, screen)] : []),
    ...lost,
    ...(removed?.length ? listed(removed, screen) : []),
  ]
}

function listed(commits: readonly CommitRecord[], { width }: Screen): string[] {
  const rows = commits
    .slice(0, SHOWN_COMMITS)
    .map(({ sha, at, author, message }) => [
      `    ${sha.slice(0, SHORT_SHA)}`,
      at === null ? '' : ago(Date.now() - instant(at)),
      safe(author ?? ''),
      safe(message.split('\n')[0] ?? ''),
    ])
  const rest = commits.length - rows.length
  const columns = [{ head: '' }, { head: '' }, { head: '' }, { head: '' }]
  return [...table(columns, rows, width), ...(rest > 0 ? [`    and ${rest} more`] : [])]
}

/** People write commits: what they hold must not move the cursor. */
function safe(text: string): string {
  return stripVTControlCharacters(text).replace(/\p{Cc}/gu, ' ')
}

function testLines({ tests }: ChangesRecord): string[] {
  return [tests === null ? '  Tests: none of this commit.' : `  Tests: #${tests.number} ${tests.status}`]
}

function migrationLines({ from, migration, same_artifact: same }: ChangesRecord): string[] {
  if (same) return []
  const { command, command_before: before, files } = migration
  const changed = from !== null && command !== before ? ' (changed)' : ''
  const first = command === null ? [] : [`  Runs first: ${safe(command)}${changed}`]
  return [...first, ...(files?.length ? [`  Migrations: ${files.map(safe).join(', ')}`] : [])]
}

function configLines(source: string, { app, config }: ChangesRecord, { paint }: Screen): string[] {
  const line = (what: string, keys: readonly string[]) =>
    keys.length === 0 ? [] : [`  ${what}: ${keys.join(', ')}`]
  return [
    ...line(`Config only of ${source}`, config.only_source),
    ...line(`Config only of ${app.name}`, config.only_target),
    ...line('Config that differs', config.different),
    ...line(paint('yellow', `Needed, and missing at ${app.name}`), config.missing),
  ]
}
