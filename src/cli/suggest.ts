/** The candidates most like a word, best first, at most three; none when nothing is near. */
export function suggestions(word: string, candidates: readonly string[]): string[] {
  const most = Math.max(1, Math.floor(word.length / 3))
  return candidates
    .map((candidate) => ({ candidate, far: distance(word, candidate) }))
    .filter(({ candidate, far }) => far <= most || (word.length > 2 && candidate.startsWith(word)))
    .sort((a, b) => a.far - b.far || a.candidate.localeCompare(b.candidate))
    .slice(0, 3)
    .map(({ candidate }) => candidate)
}

/** Letters to insert, drop, replace or swap with their neighbour to make one word of the other. */
function distance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, j) => j)]
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) row[j] = cell(a, b, i, j, rows, row)
    rows.push(row)
  }
  return rows[a.length]![b.length]!
}

function cell(a: string, b: string, i: number, j: number, rows: number[][], row: number[]): number {
  const above = rows[i - 1]!
  const changed = above[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
  const best = Math.min(above[j]! + 1, row[j - 1]! + 1, changed)
  const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
  return swapped ? Math.min(best, rows[i - 2]![j - 2]! + 1) : best
}
