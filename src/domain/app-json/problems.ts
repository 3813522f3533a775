/** A JSON object whose members have not been looked at yet. */
export type Unread = Readonly<Record<string, unknown>>

/** What is wrong with a document: gathered, so that a user sees all of it at once. A place is a JSON path. */
export class Problems {
  readonly errors: string[] = []
  readonly warnings: string[] = []
  #within = ''

  error(place: string, what: string): void {
    this.errors.push(`${this.#within}${place}: ${what}`)
  }

  warn(place: string, what: string): void {
    this.warnings.push(`${this.#within}${place}: ${what}`)
  }

  /** Gathers what `read` finds as lying below that place. */
  below<Result>(place: string, read: () => Result): Result {
    const before = this.#within
    this.#within = `${before}${place}.`
    try {
      return read()
    } finally {
      this.#within = before
    }
  }

  /** The value as an object; null, with an error, when it is none. */
  object(value: unknown, place: string): Unread | null {
    if (isObject(value)) return value
    this.error(place, `is ${shown(value)}, but must be an object, \`{ … }\``)
    return null
  }

  /** An error for every key that is not among those known, with the nearest of them. */
  refuseUnknown(object: Unread, known: readonly string[], place: string): void {
    for (const key of Object.keys(object)) {
      if (!known.includes(key)) this.error(member(place, key), `is not known${didYouMean(key, known)}`)
    }
  }
}

export function isObject(value: unknown): value is Unread {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The place of a member: `a.b`, or `a["odd key"]`. */
export function member(place: string, key: string): string {
  const step = /^[\w$-]{1,64}$/.test(key) ? key : `[${JSON.stringify(key.slice(0, 64))}]`
  if (place === '') return step
  return step.startsWith('[') ? place + step : `${place}.${step}`
}

/** A value as it would stand in JSON, cut short. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value)
  return text.length > 40 ? `${text.slice(0, 39)}…` : text
}

/** `; did you mean "x"?` with the nearest of the choices, or all of them when none is near. */
export function didYouMean(word: string, choices: readonly string[]): string {
  const nearest = choices
    .map((choice) => ({ choice, distance: distance(normal(word), normal(choice)) }))
    .sort((a, b) => a.distance - b.distance)[0]
  if (nearest && nearest.distance <= Math.max(1, Math.floor(word.length / 3))) {
    return `; did you mean "${nearest.choice}"?`
  }
  return `; known are ${choices.join(', ')}`
}

function normal(word: string): string {
  return word.slice(0, 64).toLowerCase().replaceAll(/[-_ ]/g, '')
}

/** Levenshtein's: the least number of letters to insert, delete or replace. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1]
    for (const [j, other] of [...b].entries()) {
      next.push(Math.min(row[j]! + (letter === other ? 0 : 1), row[j + 1]! + 1, next[j]! + 1))
    }
    row = next
  }
  return row[b.length]!
}
