import type { Finding, FindingLevel } from '../../domain/finding.ts'
import { counted } from '../../text/numbers.ts'
import type { Screen, Style } from '../../text/screen.ts'
import { padded } from '../../text/table.ts'
import { wrapped } from '../../text/wrap.ts'

const STYLES: Readonly<Record<FindingLevel, Style>> = {
  problem: 'red',
  warning: 'yellow',
  note: 'cyan',
  ok: 'green',
}
const LEVEL_WIDTH = 9

/** Each finding with what to do about it, and how many there are of each kind. */
export function findingLines(
  findings: readonly Finding[],
  { paint, width }: Screen,
  { named }: { readonly named: boolean },
): string[] {
  const lines = findings.flatMap(({ level, about, text, next }) => {
    const [first = '', ...rest] = wrapped(named ? `${about}: ${text}` : text, width - LEVEL_WIDTH)
    const indent = ' '.repeat(LEVEL_WIDTH)
    const advice = next === '' ? [] : wrapped(`→ ${next}`, width - LEVEL_WIDTH)
    return [
      `${padded(paint(STYLES[level], level), LEVEL_WIDTH)}${first}`,
      ...rest.map((line) => indent + line),
      ...advice.map((line) => indent + paint('dim', line)),
    ]
  })
  return [...lines, '', countLine(findings)]
}

function countLine(findings: readonly Finding[]): string {
  const count = (level: FindingLevel) => findings.filter((one) => one.level === level).length
  const parts = [
    counted(count('problem'), 'problem'),
    counted(count('warning'), 'warning'),
    ...(count('note') > 0 ? [counted(count('note'), 'note')] : []),
    `${count('ok')} as it should be`,
  ]
  return parts.join(', ')
}

/** 1 when there are problems, for scripts and cron; else 0. */
export function findingsExit(findings: readonly Finding[]): number {
  return findings.some(({ level }) => level === 'problem') ? 1 : 0
}
