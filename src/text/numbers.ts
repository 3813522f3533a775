/** `41280` → `41,280`. */
export function count(number: number): string {
  return String(number).replace(/\B(?=(\d{3})+$)/g, ',')
}

/** A count with its noun: `1 request`, `2 requests`. */
export function counted(number: number, one: string, many = `${one}s`): string {
  return `${count(number)} ${number === 1 ? one : many}`
}

/** Milliseconds for people: `4.1 ms`, `340 ms`, `1.24 s`, `12.4 s`, `2 min 5 s`, `3 h 5 min`. */
export function duration(ms: number): string {
  if (ms < 1000) return `${short(ms)} ms`
  if (ms < 10_000) return `${(ms / 1000).toFixed(2)} s`
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`
  const minutes = Math.floor(ms / 60_000)
  if (minutes < 60) return `${minutes} min ${Math.floor((ms % 60_000) / 1000)} s`
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

/** Seconds with as many decimals as fit a narrow column: `0.42 s`, `12.4 s`, `125 s`. */
export function seconds(ms: number): string {
  const value = ms / 1000
  return `${value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0)} s`
}

/** Several latencies under one unit: `4.1 → 4.3 → 4.2 ms`; in seconds only when all are that long. */
export function latencies(values: readonly number[], arrow: string): string {
  const inSeconds = values.every((value) => value >= 1000)
  const shown = values.map((value) => (inSeconds ? (value / 1000).toFixed(2) : short(value)))
  return `${shown.join(` ${arrow} `)} ${inSeconds ? 's' : 'ms'}`
}

/** How long ago, roughly: `now`, `5 min ago`, `3 h ago`, `12 d ago`. */
export function ago(ms: number): string {
  const minutes = Math.floor(ms / 60_000)
  if (minutes < 1) return 'now'
  if (minutes < 60) return `${minutes} min ago`
  const hours = Math.floor(minutes / 60)
  return hours < 48 ? `${hours} h ago` : `${Math.floor(hours / 24)} d ago`
}

/** Bytes for people, in powers of 1024: `12 B`, `3.4 KiB`, `1.2 GiB`. */
export function bytes(number: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  let value = number
  let unit = 0
  for (; value >= 1024 && unit < units.length - 1; unit++) value /= 1024
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`
}

/** Whole numbers as they are, for a clock that tells only whole ms; 0 of such a clock is less than 1. */
function short(ms: number): string {
  if (ms === 0) return '<1'
  return ms < 100 && !Number.isInteger(ms) ? ms.toFixed(1) : count(Math.round(ms))
}
