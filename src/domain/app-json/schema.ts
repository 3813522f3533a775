import { FILE_PATH } from './build.ts'
import { defaultOf, SETTING_KEYS, type SettingKey, type SettingValue } from './setting-keys.ts'
import { URL_PATH } from './settings.ts'

type Schema = Readonly<Record<string, unknown>>

const STRING: Schema = { type: 'string' }
const ANY: Schema = {}
const PATH: Schema = { type: 'string', pattern: URL_PATH.source }
const CONFIG_NAME = '^[A-Za-z_][A-Za-z0-9_]{0,255}$'
const NOT_BLANK: Schema = { type: 'string', pattern: '\\S' }

/**
 * The JSON schema of app.json, as published in docs/app-json.schema.json. It knows what the parser knows, so an editor
 * says the same as a deploy would; what depends on several keys at once (surge 0 with max_unavailable 0) only the parser does.
 */
export function appJsonSchema(): Schema {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'app.json',
    description: 'What travels with the code of an app: how it is checked, handed over, and set up.',
    type: 'object',
    properties: {
      $schema: ANY,
      name: { type: ['string', 'null'] },
      description: ANY,
      keywords: ANY,
      website: ANY,
      repository: ANY,
      logo: ANY,
      success_url: ANY,
      scripts: scripts(),
      env: env(),
      formation: formation(),
      addons: ANY,
      buildpacks: buildpacks(),
      build: build(),
      environments: environments(),
      stack: ANY,
      image: ANY,
      healthchecks: healthchecks(),
      cron: ANY,
      tasuki: tasuki(),
    },
  }
}

function environments(): Schema {
  const replaced = { type: 'object', properties: { env: env(), formation: formation(), scripts: scripts() } }
  return {
    description: 'Keys that stand instead of those above: for tests, and for review apps.',
    type: ['object', 'null'],
    properties: { test: replaced, review: replaced },
  }
}

function buildpacks(): Schema {
  const named = { type: 'object', properties: { url: STRING }, required: ['url'] }
  return {
    description: 'What the app is built with, in order, until somebody sets others.',
    type: ['array', 'null'],
    items: { anyOf: [named, STRING] },
  }
}

function build(): Schema {
  const names = { type: ['array', 'null'], items: { type: 'string', pattern: CONFIG_NAME } }
  return {
    ...object({
      dockerfile: {
        description: 'Path of the Dockerfile; Dockerfile without.',
        type: ['string', 'null'],
        pattern: FILE_PATH.source,
      },
      args: {
        ...names,
        description: 'Names of config vars that are its build arguments; they can be read in the image.',
      },
      secrets: {
        ...names,
        description:
          'Names of config vars that RUN --mount=type=secret,id=NAME can read; they are in no layer.',
      },
    }),
    description: 'That and how an image is built from a Dockerfile.',
    type: ['object', 'null'],
  }
}

function tasuki(): Schema {
  const types = { type: 'object', additionalProperties: object(settings()) }
  return {
    ...object({
      ...settings(),
      static: {
        description: 'Folder of files to serve, when the app has no web process of its own.',
        type: ['string', 'null'],
        pattern: '^(?!/)(?!.*(^|/)\\.\\.(/|$))[\\w./@ -]+$',
      },
      types: {
        ...types,
        description: 'The same settings for single process types; they win over those of all types.',
        properties: { web: object({ ...settings(), singleton: { const: false } }) },
      },
    }),
    description: 'How Tasuki hands the app over, for all process types.',
  }
}

function settings(): Record<string, Schema> {
  return Object.fromEntries(Object.entries(SETTING_KEYS).map(([name, key]) => [name, settingSchema(key)]))
}

function settingSchema(key: SettingKey): Schema {
  return { description: key.doc, default: defaultOf(key), ...valueSchema(key.value) }
}

function valueSchema(value: SettingValue): Schema {
  switch (value.kind) {
    case 'boolean':
      return { type: 'boolean' }
    case 'choice':
      return { enum: value.choices }
    case 'surge':
      return { anyOf: [{ type: 'integer', minimum: 0, maximum: value.max }, { const: '100%' }] }
    case 'pre_stop':
      return { anyOf: [{ type: 'null' }, preStopRequest(), required({ command: NOT_BLANK })] }
    case 'number': {
      const type = value.integer ? 'integer' : 'number'
      return { type: value.nullable ? [type, 'null'] : type, minimum: value.min, maximum: value.max }
    }
  }
}

function preStopRequest(): Schema {
  const port = {
    enum: ['private', 'public'],
    default: 'private',
    description: 'TASUKI_PRIVATE_PORT, or PORT, where visitors come in.',
  }
  return { ...object({ path: PATH, port }), required: ['path'] }
}

function healthchecks(): Schema {
  const check = {
    type: 'object',
    properties: {
      type: { enum: ['startup', 'readiness', 'liveness'], default: 'startup' },
      name: STRING,
      path: {
        ...PATH,
        description: 'Answered by 200 to 399 when it passes; without a path a TCP connect does.',
      },
      timeout: {
        type: 'number',
        minimum: 0.1,
        maximum: 300,
        description: 'Seconds that one check may take.',
      },
      interval: { type: 'number', minimum: 0.1, maximum: 300, description: 'Seconds between two checks.' },
      wait: { type: 'number', minimum: 0.1, maximum: 300, description: 'The same as interval.' },
      attempts: {
        type: 'integer',
        minimum: 1,
        maximum: 100,
        description: 'Of a readiness check: failures in a row before the instance is taken out.',
      },
    },
  }
  return {
    description: "Dokku's health checks, per process type: the router checks web.",
    type: 'object',
    additionalProperties: { type: 'array', items: check },
  }
}

function env(): Schema {
  const entry = {
    type: 'object',
    properties: {
      description: { type: ['string', 'null'] },
      value: { type: ['string', 'null'] },
      required: { type: ['boolean', 'null'], default: true },
      generator: { enum: ['secret', null] },
    },
  }
  return {
    description: 'Config vars that the app needs.',
    type: ['object', 'null'],
    propertyNames: { pattern: CONFIG_NAME },
    additionalProperties: { anyOf: [STRING, entry] },
  }
}

function formation(): Schema {
  const entry = {
    type: 'object',
    properties: {
      quantity: { type: ['integer', 'null'], minimum: 0, maximum: 1000, default: 1 },
      size: { type: ['string', 'null'] },
    },
  }
  return {
    description: 'How many instances of each process type the first deploy makes, and of which size.',
    type: ['object', 'null'],
    propertyNames: { pattern: '^[A-Za-z0-9_-]{1,63}$' },
    additionalProperties: entry,
  }
}

function scripts(): Schema {
  const withCommand = { type: 'object', required: ['command'], properties: { command: NOT_BLANK } }
  const command = { anyOf: [NOT_BLANK, withCommand] }
  return {
    description: 'Commands for certain moments, such as postdeploy.',
    type: ['object', 'null'],
    properties: { dokku: { type: 'object', additionalProperties: command } },
    additionalProperties: command,
  }
}

/** An object with just these members, each of which may be missing. */
function object(properties: Readonly<Record<string, Schema>>): Schema {
  return { type: 'object', properties, additionalProperties: false }
}

/** An object with just these members, all of them. */
function required(properties: Readonly<Record<string, Schema>>): Schema {
  return { ...object(properties), required: Object.keys(properties) }
}
