/** What HAProxy says of servers, taken apart. */

/** A row of `show stat` for one server. */
export interface ServerStat {
  readonly backend: string
  readonly name: string
  /** `UP`, `DOWN 1/3`, `DRAIN`, `MAINT` … */
  readonly status: string
  readonly sessions: number
  readonly queued: number
  /** Checks passed in a row, up to `rise + fall - 1`. */
  readonly checkHealth: number
  readonly checkRise: number
  /** `L7OK`, `L4CON` …; '' before the first check. */
  readonly checkStatus: string
  readonly checkCode: string
  /** What the last check saw, in HAProxy's words. */
  readonly lastCheck: string
  readonly address: string
}

/** A row of `show servers state` for one server. */
export interface ServerState {
  readonly backend: string
  readonly name: string
  readonly admin: 'ready' | 'drain' | 'maint'
  /** Its checks, or those of the server that it tracks, say that it works. */
  readonly running: boolean
  readonly address: string
}

/** Rows of `show stat`; none for a text that is not such a table. */
export function parseStat(text: string): ServerStat[] {
  const [head, ...rows] = text.split('\n')
  if (!head?.startsWith('# pxname,')) return []
  const columns = columnsOf(head)
  return rows.filter((row) => row !== '').map((row) => serverStat(csvFields(row), columns))
}

type Columns = ReadonlyMap<string, number>

let lastHead = ''
let lastColumns: Columns = new Map()

/** The head is the same each time; it is taken apart once. */
function columnsOf(head: string): Columns {
  if (head !== lastHead) {
    lastColumns = new Map(
      head
        .slice(2)
        .split(',')
        .map((name, index) => [name, index]),
    )
    lastHead = head
  }
  return lastColumns
}

function serverStat(fields: readonly string[], columns: Columns): ServerStat {
  const text = (column: string) => fields[columns.get(column) ?? -1] ?? ''
  const number = (column: string) => Number(text(column))
  return {
    backend: text('pxname'),
    name: text('svname'),
    status: text('status'),
    sessions: number('scur'),
    queued: number('qcur'),
    checkHealth: number('check_health'),
    checkRise: number('check_rise'),
    checkStatus: text('check_status').replace(IN_PROGRESS, '').replace('INI', ''),
    checkCode: text('check_code'),
    lastCheck: text('last_chk'),
    address: text('addr'),
  }
}

const IN_PROGRESS = /^\* /

/** Fields of a line; one with a comma in it stands in double quotes. */
function csvFields(line: string): string[] {
  if (!line.includes('"')) return line.split(',')
  const fields = line.match(/"(?:[^"]|"")*"|[^,]*(?:,|$)/g) ?? []
  return rejoined(fields)
}

function rejoined(pieces: readonly string[]): string[] {
  const fields: string[] = []
  let quoted: string | null = null
  for (const piece of pieces) {
    if (piece.startsWith('"')) quoted = piece.slice(1, -1).replaceAll('""', '"')
    else {
      fields.push(quoted ?? piece.replace(/,$/, ''))
      quoted = null
    }
  }
  return fields
}

const MAINTENANCE = 0x01 | 0x02 | 0x20 | 0x40
const DRAIN = 0x08 | 0x10
const STOPPED = '0'

/** Rows of `show servers state`; none for a text that is not such a table. */
export function parseStates(text: string): ServerState[] {
  const [version, head, ...rows] = text.split('\n')
  if (version !== '1' || !head?.startsWith('# be_id')) return []
  return rows.filter((row) => row !== '').map((row) => serverState(row.split(' ')))
}

function serverState(fields: readonly string[]): ServerState {
  const admin = Number(fields[6])
  return {
    backend: fields[1] ?? '',
    name: fields[3] ?? '',
    admin: admin & MAINTENANCE ? 'maint' : admin & DRAIN ? 'drain' : 'ready',
    running: fields[5] !== STOPPED,
    address: `${fields[4]}:${fields[18]}`,
  }
}
