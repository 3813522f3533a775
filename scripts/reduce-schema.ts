/**
 * Reduces Heroku's published hyper-schema to what our answers are checked against: per resource the names, types,
 * formats and enumerations of its fields, and which route answers with which resource. See `check.ts` for the notation.
 *
 *   PLATFORM_SCHEMA=/path/to/schema.json node scripts/reduce-schema.ts
 */
import { readFileSync, writeFileSync } from 'node:fs'
import type { Published, Shape } from '../test/conformance-schema/check.ts'

/** Resources that Tasuki serves, or may serve soon, in Heroku's words. */
const SERVED = [
  'account',
  'account-delinquency',
  'account-feature',
  'add-on',
  'add-on-attachment',
  'app',
  'app-feature',
  'app-setup',
  'app-transfer',
  'app-webhook',
  'app-webhook-delivery',
  'app-webhook-event',
  'build',
  'buildpack-installation',
  'collaborator',
  'config-var',
  'domain',
  'dyno',
  'dyno-size',
  'filter-apps',
  'formation',
  'generation',
  'key',
  'log-drain',
  'log-session',
  'oauth-authorization',
  'oauth-token',
  'pipeline',
  'pipeline-coupling',
  'pipeline-promotion',
  'pipeline-promotion-target',
  'rate-limit',
  'region',
  'release',
  'review-app',
  'review-app-config',
  'slug',
  'sni-endpoint',
  'source',
  'space',
  'stack',
  'team',
  'test-case',
  'test-node',
  'test-run',
]
const TARGET = new URL('../test/conformance-schema/published.json', import.meta.url)
/** What is deleted answers with less, or with nothing. */
const CHECKED = new Set(['GET', 'POST', 'PATCH', 'PUT'])
const FORMATS: Readonly<Record<string, string>> = { 'date-time': 'time', uuid: 'uuid', email: 'email' }

/** As much of a hyper-schema as is read here. */
interface Node {
  readonly $ref?: string
  readonly type?: string | readonly string[]
  readonly format?: string
  readonly enum?: readonly (string | null)[]
  readonly properties?: Readonly<Record<string, Node>>
  readonly patternProperties?: Readonly<Record<string, Node>>
  readonly required?: readonly string[]
  readonly items?: Node
  readonly anyOf?: readonly Node[]
  readonly definitions?: Readonly<Record<string, Node>>
  readonly links?: readonly Link[]
}

interface Link {
  readonly href: string
  readonly method?: string
  readonly rel: string
  readonly targetSchema?: Node
}

const file = process.env.PLATFORM_SCHEMA
if (!file) throw new Error('Set PLATFORM_SCHEMA to a copy of https://api.heroku.com/schema.')
const schema = JSON.parse(readFileSync(file, 'utf8')) as Node

function resolved(node: Node): Node {
  if (node.$ref === undefined) return node
  const parts = node.$ref.replace(/^#\//, '').split('/').map(decodeURIComponent)
  return resolved(parts.reduce((inner, part) => (inner as Record<string, unknown>)[part] as Node, schema))
}

function shapeOf(given: Node): Shape {
  const node = resolved(given)
  if (node.anyOf && node.type === undefined && !node.properties) return { $any: node.anyOf.map(shapeOf) }
  const types = node.type === undefined ? [] : [node.type].flat()
  const nullable = types.includes('null')
  if (node.properties) return { ...fieldsOf(node), ...(nullable ? { $null: true } : {}) }
  if (node.patternProperties) return { $map: shapeOf(Object.values(node.patternProperties)[0]!) }
  if (types.includes('array'))
    return { $list: node.items ? shapeOf(node.items) : 'any', ...(nullable ? { $null: true } : {}) }
  return scalarOf(node, types) + (nullable ? '?' : '')
}

/** Heroku's tools take every property for given unless some are named as required; the others are marked with `~`. */
function fieldsOf(node: Node): Record<string, Shape> {
  const optional = (name: string) => node.required !== undefined && !node.required.includes(name)
  const fields = Object.entries(node.properties!).map(([name, property]) => [
    optional(name) ? `${name}~` : name,
    shapeOf(property),
  ])
  return Object.fromEntries(fields)
}

function scalarOf(node: Node, types: readonly string[]): string {
  if (node.enum) return `=${node.enum.filter((value) => value !== null).join('|')}`
  const type = types.find((one) => one !== 'null') ?? 'any'
  return (type === 'string' && FORMATS[node.format ?? '']) || type
}

/** `/apps/{(%23%2Fdefinitions%2Fapp%2Fdefinitions%2Fidentity)}` is `/apps/{app}`. */
function pathOf(href: string): string {
  return href.replace(/\{([^}]+)\}/g, (_, reference: string) => {
    const [, resource, , part] = decodeURIComponent(reference)
      .replace(/^\(#\//, '')
      .split('/')
    return `{${part?.startsWith('identity)') || part === 'id)' ? resource : `${resource}.${part?.replace(')', '')}`}}`
  })
}

function answerOf(resource: string, link: Link): string | null {
  const target = link.targetSchema
  if (target === undefined) return link.rel === 'instances' ? `[${resource}]` : resource
  if (target.$ref?.endsWith('/definitions/config_vars')) return 'config-vars'
  const list = [target.type].flat().includes('array')
  const named = (list ? target.items?.$ref : target.$ref)?.replace('#/definitions/', '') ?? resource
  const name = named.includes('/') || named === 'team-app' ? resource.replace('filter-apps', 'app') : named
  return list || link.rel === 'instances' ? `[${name}]` : name
}

const definitions = schema.definitions!
const routes: Record<string, string> = {}
for (const resource of SERVED)
  for (const link of definitions[resource]!.links ?? []) {
    const answer = CHECKED.has(link.method?.toUpperCase() ?? 'GET') ? answerOf(resource, link) : null
    if (answer !== null) routes[`${(link.method ?? 'GET').toUpperCase()} ${pathOf(link.href)}`] ??= answer
  }
const webhook = definitions['app-webhook']!.definitions!.app_webhook!
const resources = Object.fromEntries(
  SERVED.filter((name) => definitions[name]!.properties).map((name) => [name, shapeOf(definitions[name]!)]),
)
const published: Published = {
  source: "Reduced from Heroku's published Platform API schema, https://api.heroku.com/schema (MIT licence)",
  resources: { ...resources, 'app-webhook': shapeOf(webhook), 'config-vars': { $map: 'string?' } },
  routes,
}
writeFileSync(TARGET, `${JSON.stringify(published, null, 1)}\n`)
