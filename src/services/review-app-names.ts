import { randomInt } from 'node:crypto'
import { appName } from '../domain/names.ts'
import type { ReviewApp } from '../store/review-apps.ts'
import type { Tables } from '../store/tables.ts'
import { randomName } from './names.ts'

const MOST_NAME = 30
const DIGITS = 4

/**
 * A free name for a review app: with a base `shop-pr-7`, or `shop-feature-x` for a branch without a pull request; without
 * a base a random one. Digits follow where another app has the name.
 */
export async function reviewAppName(
  tables: Tables,
  baseName: string | null,
  { branch, prNumber }: Pick<ReviewApp, 'branch' | 'prNumber'>,
): Promise<string> {
  if (baseName === null) return free(tables, randomName)
  const what = prNumber === null ? slugOf(branch) : `pr-${prNumber}`
  const wanted = trimmed(`${baseName}-${what}`, MOST_NAME)
  if (!(await tables.apps.byName(wanted))) return appName(wanted)
  const start = trimmed(wanted, MOST_NAME - DIGITS - 1)
  return free(tables, () => appName(`${start}-${randomInt(10 ** (DIGITS - 1), 10 ** DIGITS)}`))
}

async function free(tables: Tables, draw: () => string): Promise<string> {
  let name = draw()
  while (await tables.apps.byName(name)) name = draw()
  return name
}

/** What of a branch's name can stand in a hostname. */
function slugOf(branch: string): string {
  const slug = branch
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
  return slug === '' ? 'branch' : slug
}

function trimmed(name: string, most: number): string {
  return name.slice(0, most).replace(/-+$/, '')
}
