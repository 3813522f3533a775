import { stripVTControlCharacters } from 'node:util'

/** A column of a table: its heading ('' for none) and the side its cells lean to. */
export interface Column {
  readonly head: string
  readonly align?: 'left' | 'right'
}

const GAP = '  '

/**
 * Lines of aligned cells; headings first unless all are ''. Colours in cells count nothing.
 * Longer rows than `width` lose the end of their last cell.
 */
export function table(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width = Number.POSITIVE_INFINITY,
): string[] {
  const headed = columns.some((column) => column.head !== '')
  const all = headed ? [columns.map((column) => column.head), ...rows] : rows
  const widths = columns.map((_, index) => Math.max(0, ...all.map((row) => visible(row[index] ?? ''))))
  return all.map((row) => cut(line(columns, row, widths), width))
}

function line(columns: readonly Column[], row: readonly string[], widths: readonly number[]): string {
  const cells = columns.map((column, index) =>
    padded(row[index] ?? '', widths[index] ?? 0, column.align ?? 'left'),
  )
  return cells.join(GAP).trimEnd()
}

/** The text with spaces up to that many visible columns. */
export function padded(text: string, width: number, align: 'left' | 'right' = 'left'): string {
  const spaces = ' '.repeat(Math.max(0, width - visible(text)))
  return align === 'left' ? text + spaces : spaces + text
}

/** Columns that a text takes, colours not counted. */
export function visible(text: string): number {
  return [...stripVTControlCharacters(text)].length
}

/** At most that many columns; what is cut ends in `…`, and its colours are dropped. */
export function cut(text: string, width: number): string {
  if (visible(text) <= width) return text
  return `${[...stripVTControlCharacters(text)].slice(0, Math.max(0, width - 1)).join('')}…`
}
