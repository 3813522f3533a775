const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 }
const SPAN = /^(\d{1,6})([smhd])$/

/** Seconds of a span as people write it (`45s`, `30m`, `12h`, `2d`); null when it is none. */
export function spanOf(text: string): number | null {
  const [, count, unit] = SPAN.exec(text.trim()) ?? []
  return count === undefined ? null : Number(count) * SECONDS[unit!]!
}

/** The span in the largest unit that has a whole number of them. */
export function spanText(seconds: number): string {
  const unit = ['d', 'h', 'm'].find((each) => seconds % SECONDS[each]! === 0) ?? 's'
  return `${seconds / SECONDS[unit]!}${unit}`
}
