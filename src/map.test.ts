import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize, relative } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'

const SRC = fileURLToPath(new URL('.', import.meta.url))

/** What the files of a folder may import of others: all of it, or (`type …`) its types only. Single files are named whole. */
const MAY: Readonly<Record<string, readonly string[]>> = {
  domain: [],
  rollout: ['domain'],
  router: ['domain', 'type rollout', 'type services'],
  runtime: ['domain', 'type rollout', 'type services', 'ssh', 'within.ts'],
  ssh: ['domain', 'within.ts'],
  registry: ['domain', 'tls'],
  build: ['domain', 'within.ts'],
  store: ['domain', 'type rollout'],
  observe: ['domain'],
  forge: ['domain', 'services/forge-port.ts', 'version.ts'],
  tls: ['domain', 'type services'],
  services: ['domain', 'type rollout', 'store', 'version.ts'],
  text: ['domain'],
  api: ['services', 'domain', 'type store', 'version.ts'],
  cli: ['domain', 'text', 'build/pack', 'server.ts', 'server/options.ts', 'store/backup.ts', 'version.ts'],
  git: ['services', 'domain', 'type store', 'type api', 'api/errors.ts', 'text'],
  rendezvous: ['type services', 'domain'],
  'heroku-plugin': [],
}

/** Puts the parts together, and so knows all of them. */
const KNOWS_ALL = new Set(['server', 'server.ts'])

interface Arrow {
  readonly from: string
  /** Relative to `src`. */
  readonly to: string
  readonly typesOnly: boolean
}

/** Every import from one folder into another, save those of tests and of what only tests use. */
function arrows(): Arrow[] {
  const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  return files
    .filter((file) => file.endsWith('.ts') && !/\.test\.ts$|(^|\/)testing\b|\.testing\.ts$/.test(file))
    .flatMap((file) => importsOf(file))
    .filter(({ from, to }) => topOf(from) !== topOf(to))
}

function importsOf(file: string): Arrow[] {
  const text = readFileSync(join(SRC, file), 'utf8')
  const found = text.matchAll(
    /^(?:import|export)\s+(type\s)?([^'"]*?)from '(\.[^']+)'|import\('(\.[^']+)'\)/gm,
  )
  return [...found].map(([, type, names = '', path, loaded]) => ({
    from: file,
    to: relative(SRC, normalize(join(SRC, dirname(file), path ?? loaded!))),
    typesOnly: type !== undefined || (names !== '' && onlyTypes(names)),
  }))
}

function onlyTypes(names: string): boolean {
  const each = names
    .replace(/[{}]/g, '')
    .split(',')
    .filter((name) => name.trim() !== '')
  return each.every((name) => name.trim().startsWith('type '))
}

function topOf(file: string): string {
  return file.split('/')[0]!
}

function isAllowed({ from, to, typesOnly }: Arrow): boolean {
  const may = MAY[topOf(from)] ?? []
  const fits = (place: string) => to === place || to.startsWith(`${place}/`)
  return may.some((one) => (one.startsWith('type ') ? typesOnly && fits(one.slice(5)) : fits(one)))
}

describe('the map', () => {
  it('has arrows that go one way', () => {
    const wrong = arrows().filter((arrow) => !KNOWS_ALL.has(topOf(arrow.from)) && !isAllowed(arrow))
    assert.deepEqual(
      wrong.filter(({ from }) => from.includes('/')).map(({ from, to }) => `${from} -> ${to}`),
      [],
    )
  })

  it('has every folder', () => {
    const folders = readdirSync(SRC, { withFileTypes: true }).filter((one) => one.isDirectory())
    const names = folders.map(({ name }) => name).filter((name) => !KNOWS_ALL.has(name))
    assert.deepEqual(names.toSorted(), Object.keys(MAY).toSorted())
  })
})
