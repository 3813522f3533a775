import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { describe, it } from 'node:test'
import { Compile } from 'typebox/schema'
import { parseAppJson, TOP_LEVEL_KEYS } from '../app-json.ts'
import { TasukiError } from '../errors.ts'
import { appJsonSchema } from './schema.ts'
import { defaultOf, SETTING_KEYS } from './setting-keys.ts'

const DOCS = new URL('../../../docs/', import.meta.url)
const schema = appJsonSchema()
const validator = Compile(schema)

function parserTakes(document: unknown): boolean {
  try {
    parseAppJson(JSON.stringify(document), ['web', 'worker'])
    return true
  } catch (error) {
    assert.ok(error instanceof TasukiError)
    return false
  }
}

/** Values of all kinds: each key fits some of them. */
const VALUES = [
  null,
  true,
  false,
  0,
  0.05,
  0.5,
  1,
  1.5,
  2,
  60,
  299,
  301,
  1000,
  1001,
  3601,
  90_000,
  -1,
  '',
  ' ',
  '1',
  '100%',
  '50%',
  'rolling',
  'preboot',
  'canary',
  'public',
  '../x',
  '/x',
  '/a b',
  'a/../b',
  'a..b',
  'secret',
  [],
  [{}],
  {},
  { path: '/x' },
  { path: 'x' },
  { command: 'x' },
  { command: '' },
  { path: '/x', command: 'x' },
  { value: 'x' },
  { value: 1 },
  { generator: 'secret' },
  { generator: 'x' },
  { quantity: 2 },
  { quantity: '2' },
  { size: 'eco' },
  { size: 1 },
  { required: 'no' },
  { surge: 1 },
  { srge: 1 },
  { singleton: true },
  { singleton: false },
  [{ path: '/x', attempts: 3 }],
  [{ attempts: 0 }],
  [{ path: 'x' }],
  [{ type: 'x' }],
  [{ timeout: 1, interval: 2 }],
  [1],
  ['NODE_ENV'],
  ['NODE_ENV', 'A-B'],
]

function documentsWith(value: unknown): unknown[] {
  const settings = [...Object.keys(SETTING_KEYS), 'static', 'types', 'strtegy']
  return [
    ...TOP_LEVEL_KEYS.map((key) => ({ [key]: value })),
    ...settings.map((key) => ({ tasuki: { [key]: value } })),
    ...settings.map((key) => ({ tasuki: { types: { worker: { [key]: value } } } })),
    ...['web', 'worker'].map((type) => ({ tasuki: { types: { [type]: value } } })),
    ...['env', 'formation', 'scripts', 'healthchecks'].map((section) => ({ [section]: { web: value } })),
    ...['A-B', '9', 'a b'].flatMap((name) => [{ env: { [name]: value } }, { formation: { [name]: value } }]),
    ...['dockerfile', 'args', 'secrets', 'arg'].map((key) => ({ build: { [key]: value } })),
    { scripts: { dokku: value } },
    { scripts: { dokku: { predeploy: value } } },
  ]
}

describe('the schema of app.json', () => {
  it('is the one that is published (else run `node scripts/app-json-schema.ts`)', async () => {
    const published = JSON.parse(await readFile(new URL('app-json.schema.json', DOCS), 'utf8'))
    assert.deepEqual(published, JSON.parse(JSON.stringify(schema)))
  })

  it('knows the same top-level keys as the parser', () => {
    assert.deepEqual(Object.keys(schema.properties as object), [...TOP_LEVEL_KEYS])
  })

  it('takes and refuses the same as the parser does, for every key and values of all kinds', () => {
    const differ: string[] = []
    let taken = 0
    let refused = 0
    for (const document of VALUES.flatMap(documentsWith)) {
      // What depends on two keys at once is the parser's alone.
      if (JSON.stringify(document).includes('"surge":0')) continue
      const takes = parserTakes(document)
      if (validator.Check(document) !== takes) differ.push(`${JSON.stringify(document)} (parser: ${takes})`)
      takes ? taken++ : refused++
    }
    assert.deepEqual(differ, [])
    assert.ok(taken > 500 && refused > 500, `${taken} taken, ${refused} refused`)
  })

  it('is what the examples keep to', async () => {
    for (const app of ['hello', 'python-worker', 'static-site']) {
      const file = new URL(`../examples/${app}/app.json`, DOCS)
      assert.ok(validator.Check(JSON.parse(await readFile(file, 'utf8'))), app)
    }
  })
})

describe('docs/app-json.md', () => {
  it('has a row with the default for each setting, and no other rows', async () => {
    const text = await readFile(new URL('app-json.md', DOCS), 'utf8')
    const rows = [...text.matchAll(/^\| `([a-z0-9_]+)` +\| `([^`]*)` +\|/gm)].map(([, key, usual]) => [
      key,
      usual,
    ])
    const expected = Object.entries(SETTING_KEYS).map(([name, key]) => [name, JSON.stringify(defaultOf(key))])
    assert.deepEqual(rows, expected)
  })
})
