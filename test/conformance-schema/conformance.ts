import { readFileSync } from 'node:fs'
import { type Published, problemsOf, type Shape } from './check.ts'
import { MISSING, OTHERWISE, ROUTES } from './differences.ts'

const published = JSON.parse(readFileSync(new URL('./published.json', import.meta.url), 'utf8')) as Published

/** Checks answers against what Heroku publishes, and keeps count of what it has seen. */
export class Conformance {
  readonly #answers = new Map(
    [...Object.entries(published.routes)].map(([route, answer]) => [bare(route), answer]),
  )
  readonly problems: string[] = []
  /** Resources of which at least one was checked. */
  readonly seen = new Set<string>()
  readonly #missing = new Set<string>()

  /** What the route is said to answer with, `[resource]` for a list; null for a route of our own. */
  answerOf(method: string, path: string): string | null {
    const route = bare(`${method} ${path}`)
    return ROUTES[route]?.answer ?? this.#answers.get(route) ?? null
  }

  check(method: string, path: string, body: unknown): void {
    const answer = this.answerOf(method, path)
    if (answer === null) return
    const resource = answer.replace(/[[\]]/g, '')
    const shape = adapted(published.resources[resource]!, resource)
    if (answer.startsWith('[') ? (body as unknown[]).length > 0 : true) this.seen.add(resource)
    const found = problemsOf(body, answer.startsWith('[') ? { $list: shape } : shape, resource)
    for (const problem of found) {
      const field = /^(\S+) is missing$/.exec(problem)?.[1]?.replaceAll('[]', '')
      if (field !== undefined && Object.hasOwn(MISSING, field)) this.#missing.add(field)
      else this.problems.push(`${method} ${path}: ${problem}`)
    }
  }

  /** Differences that are written down and were not met with. */
  outdated(): string[] {
    return Object.keys(MISSING).filter((field) => !this.#missing.has(field))
  }
}

function adapted(shape: Shape, place: string): Shape {
  if (Object.hasOwn(OTHERWISE, place)) return OTHERWISE[place]!.shape
  if (typeof shape === 'string') return shape
  return Object.fromEntries(
    Object.entries(shape).map(([key, inner]) => [
      key,
      key.startsWith('$') ? inner : adapted(inner as Shape, `${place}.${key.replace('~', '')}`),
    ]),
  )
}

/** Parameters go by many names. */
function bare(route: string): string {
  return route.replace(/\{[^}]*\}/g, '{}')
}
