import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseAppJson } from './app-json.ts'
import { TasukiError } from './errors.ts'
import { DEFAULT_SETTINGS } from './settings.ts'

function parse(document: unknown, types: readonly string[] = ['web', 'worker']) {
  return parseAppJson(JSON.stringify(document), types)
}

function errorsOf(document: unknown): string[] {
  try {
    parse(document)
  } catch (error) {
    assert.ok(error instanceof TasukiError)
    assert.equal(error.code, 'invalid_app_json')
    return error.details.errors as string[]
  }
  return assert.fail('app.json was accepted.')
}

function messageOf(text: string): string {
  try {
    parseAppJson(text, ['web'])
  } catch (error) {
    assert.ok(error instanceof TasukiError)
    assert.equal(error.code, 'invalid_app_json')
    return error.message
  }
  return assert.fail('app.json was accepted.')
}

describe('app.json', () => {
  it('gives every process type the defaults when it says nothing', () => {
    const { manifest, staticRoot } = parse({})
    assert.deepEqual(manifest.settings, { web: DEFAULT_SETTINGS, worker: DEFAULT_SETTINGS })
    assert.deepEqual(manifest.warnings, [])
    assert.equal(staticRoot, null)
  })

  it('reads what Heroku keeps there', () => {
    const { manifest } = parse({
      name: 'Hello',
      env: { A: 'x', KEY: { generator: 'secret', required: false, description: 'd' } },
      formation: { web: { quantity: 2, size: 'standard-2x' }, worker: {} },
      scripts: { postdeploy: 'npm run seed', test: { command: 'npm test', size: 'eco' } },
    })
    assert.equal(manifest.name, 'Hello')
    assert.deepEqual(manifest.env, {
      A: { value: 'x', required: true, generator: null, description: null },
      KEY: { value: null, required: false, generator: 'secret', description: 'd' },
    })
    assert.deepEqual(manifest.formation, {
      web: { quantity: 2, size: 'Standard-2X' },
      worker: { quantity: 1, size: null },
    })
    assert.deepEqual(manifest.scripts, { postdeploy: 'npm run seed', test: 'npm test' })
    assert.deepEqual(manifest.warnings, [])
  })

  it('takes every key of the other platforms, saying which have no effect', () => {
    const { manifest } = parse({
      $schema: 'x',
      description: '',
      keywords: [],
      website: '',
      repository: '',
      logo: '',
      success_url: '/',
      stack: 'heroku-24',
      environments: { test: {} },
      addons: ['heroku-postgresql'],
      buildpacks: [],
      cron: [{ command: 'x', schedule: '@daily' }],
      scripts: { dokku: { predeploy: './x' } },
      formation: { _default_: { quantity: 1 } },
    })
    assert.deepEqual(manifest.scripts, { 'dokku.predeploy': './x' })
    assert.deepEqual(manifest.warnings, [
      'addons: has no effect here',
      'cron: has no effect here',
      'formation._default_: has no effect here; name each process type',
    ])
  })

  it('lets settings of a type win over those of all types, and those over health checks', () => {
    const { manifest } = parse({
      healthchecks: { web: [{ type: 'readiness', path: '/health', attempts: 4, interval: 7, timeout: 1 }] },
      tasuki: {
        check_seconds: 3,
        surge: 1,
        pre_stop: { path: '/shutdown' },
        bake_max_5xx_percent: null,
        types: { web: { surge: '100%', strategy: 'preboot' }, worker: { singleton: true } },
      },
    })
    const all = {
      checkSeconds: 3,
      surge: 1,
      preStop: { path: '/shutdown' },
      bakeMax5xxPercent: null,
    }
    assert.deepEqual(manifest.settings.web, {
      ...DEFAULT_SETTINGS,
      ...all,
      surge: 'default',
      strategy: 'preboot',
      checkPath: '/health',
      checkTimeoutSeconds: 1,
      fall: 4,
    })
    assert.deepEqual(manifest.settings.worker, { ...DEFAULT_SETTINGS, ...all, singleton: true })
  })

  it('takes the readiness check before the startup check, and lengthens the boot limit by the latter', () => {
    const startup = { type: 'startup', path: '/up', attempts: 30, interval: 4 }
    const only = parse({ healthchecks: { web: [startup] } }).manifest.settings.web!
    assert.deepEqual([only.checkPath, only.bootSeconds, only.fall], ['/up', 120, DEFAULT_SETTINGS.fall])
    const both = parse({ healthchecks: { web: [startup, { type: 'readiness', path: '/ready' }] } })
    assert.equal(both.manifest.settings.web!.checkPath, '/ready')
    const short = parse({ healthchecks: { web: [{ attempts: 2, wait: 5 }] } }).manifest.settings.web!
    assert.deepEqual([short.bootSeconds, short.checkPath, short.checkSeconds], [60, null, 5])
  })

  it('warns of what it can not honour in health checks, and of types that the app has not', () => {
    const { manifest } = parse({
      healthchecks: { web: [{ type: 'liveness', port: 80, uptime: 1, attemps: 2 }], clock: [] },
      tasuki: { types: { worke: { rise: 1 } } },
    })
    const warnings = manifest.warnings.join('\n')
    assert.match(warnings, /healthchecks\.web\[0\]: liveness checks are not made/)
    assert.match(warnings, /healthchecks\.web\[0\]\.port: the check goes to PORT/)
    assert.match(warnings, /healthchecks\.web\[0\]\.uptime: has no effect/)
    assert.match(warnings, /healthchecks\.web\[0\]\.attemps: is not known; did you mean "attempts"\?/)
    assert.match(warnings, /tasuki\.types\.worke: the app has no such process type; did you mean "worker"\?/)
    assert.match(warnings, /healthchecks\.clock: the app has no such process type/)
  })

  it('warns of an unknown top-level key with a suggestion', () => {
    const { warnings } = parse({ fromation: {}, 'odd key': 1 }).manifest
    assert.match(warnings[0]!, /^fromation: is not known; did you mean "formation"\?$/)
    assert.match(warnings[1]!, /^\["odd key"\]: is not known; known are /)
  })

  it('names everything that is wrong at once, each with its place and a suggestion', () => {
    const errors = errorsOf({
      name: 7,
      env: { 'A-B': 'x', PORT: '1', N: 3 },
      formation: { web: { quantity: -1 } },
      scripts: { postdeploy: [] },
      healthchecks: { web: {} },
      tasuki: { strtegy: 'rolling', drain_seconds: '30', rise: 0, types: { web: { strategy: 'bluegreen' } } },
    })
    assert.deepEqual(
      errors.map((error) => error.split(':')[0]),
      [
        'tasuki.strtegy',
        'tasuki.rise',
        'tasuki.drain_seconds',
        'tasuki.types.web.strategy',
        'healthchecks.web',
        'name',
        'env.A-B',
        'env.PORT',
        'env.N',
        'formation.web.quantity',
        'scripts.postdeploy',
      ],
    )
    assert.match(errors[0]!, /did you mean "strategy"\?/)
    assert.match(errors[2]!, /is "30", but must be a number from 0 to 86400/)
    assert.match(errors[3]!, /is "bluegreen", which is not known; known are rolling, preboot/)
    assert.match(errors[8]!, /is 3, but must be a string such as "3"/)
  })

  it('refuses a surge of 0 with nothing unavailable, wherever the two come from', () => {
    assert.deepEqual(errorsOf({ tasuki: { surge: 0 } }), [
      'tasuki: surge 0 with max_unavailable 0 lets nothing be replaced; set one of them to 1 or more',
    ])
    assert.match(errorsOf({ tasuki: { max_unavailable: 0, types: { web: { surge: 0 } } } })[0]!, /types\.web/)
    assert.equal(parse({ tasuki: { surge: 0, max_unavailable: 1 } }).manifest.settings.web!.surge, 0)
  })

  it('refuses percentages that no fixed surge can stand for', () => {
    assert.match(errorsOf({ tasuki: { surge: '50%' } })[0]!, /a whole number from 0 to 1000 or "100%"/)
  })

  it('refuses a singleton web, and keeps web out of a singleton for all', () => {
    assert.match(
      errorsOf({ tasuki: { types: { web: { singleton: true } } } })[0]!,
      /visitors would find nobody/,
    )
    const { settings } = parse({ tasuki: { singleton: true } }).manifest
    assert.deepEqual([settings.web!.singleton, settings.worker!.singleton], [false, true])
  })

  it('has the request before the stop go to the private port, unless it says otherwise', () => {
    const hook = (preStop: unknown) =>
      parse({ healthchecks: { web: [] }, tasuki: { pre_stop: preStop } }).manifest.settings.web?.preStop
    assert.deepEqual(hook({ path: '/shutdown' }), { path: '/shutdown' })
    assert.deepEqual(hook({ path: '/shutdown', port: 'private' }), { path: '/shutdown' })
    assert.deepEqual(hook({ path: '/shutdown', port: 'public' }), { path: '/shutdown', port: 'public' })
    assert.deepEqual(hook({ command: './stop' }), { command: './stop' })
    for (const bad of [
      { path: '/x', port: 8080 },
      { command: 'x', port: 'public' },
      { path: '/x', also: 1 },
      {},
    ])
      assert.match(errorsOf({ tasuki: { pre_stop: bad } })[0]!, /tasuki\.pre_stop/)
  })

  it('refuses paths that could break out of a request line', () => {
    for (const path of ['health', '/a b', '/a\r\nX: y', '', 7]) {
      assert.match(errorsOf({ healthchecks: { web: [{ path }] } })[0]!, /healthchecks\.web\[0\]\.path/)
      assert.match(errorsOf({ tasuki: { pre_stop: { path } } })[0]!, /tasuki\.pre_stop\.path/)
    }
  })

  it('takes a static folder inside the app only', () => {
    assert.equal(parse({ tasuki: { static: 'public/site' } }).staticRoot, 'public/site')
    for (const path of ['/etc', '../x', 'a/../../b', '', '$(x)']) {
      assert.match(errorsOf({ tasuki: { static: path } })[0]!, /tasuki\.static/)
    }
  })

  it('names buildpacks as objects or plain URLs, which are looked at when they are used', () => {
    const { manifest } = parse({ buildpacks: [{ url: 'heroku/python' }, 'https://git.example.org/x'] })
    assert.deepEqual(manifest.buildpacks, ['heroku/python', 'https://git.example.org/x'])
    assert.deepEqual(manifest.warnings, [])
    assert.equal('buildpacks' in parse({ buildpacks: [] }).manifest, false)
    for (const buildpacks of ['x', {}, [{}], [1], [{ url: 1 }]])
      assert.match(errorsOf({ buildpacks })[0]!, /^buildpacks/)
  })

  it('says where the text is no JSON, and refuses what is no object', () => {
    assert.match(messageOf('{"name": }'), /not JSON: Unexpected token/)
    assert.match(messageOf('[]'), /holds \[\], but must be an object/)
    assert.match(messageOf(`"${'x'.repeat(1_100_000)}"`), /more than 1048576 bytes/)
  })

  it('sees keys of Object.prototype as plain keys', () => {
    const { manifest } = parseAppJson('{"__proto__": 1, "scripts": {"__proto__": "x"}}', ['__proto__'])
    assert.match(manifest.warnings[0]!, /^__proto__: is not known/)
    assert.deepEqual(Object.keys(manifest.scripts), ['__proto__'])
    assert.deepEqual(Object.keys(manifest.settings), ['__proto__'])
  })
})

describe('environments of app.json', () => {
  const document = {
    env: { A: '1', B: '2' },
    formation: { web: { quantity: 4 } },
    scripts: { postdeploy: 'node seed.js' },
    buildpacks: [{ url: 'heroku/nodejs' }],
    environments: {
      test: { scripts: { test: 'npm test' }, buildpacks: [] },
      review: { env: { A: 'review' }, tasuki: { strategy: 'preboot' } },
    },
  }
  const read = (environment: 'test' | 'review' | null) =>
    parseAppJson(JSON.stringify(document), ['web'], environment)

  it('replace the keys that they name whole, and leave the others', () => {
    const review = read('review')
    assert.deepEqual(Object.keys(review.manifest.env), ['A'])
    assert.equal(review.manifest.env.A?.value, 'review')
    assert.equal(review.manifest.settings.web?.strategy, 'preboot')
    assert.equal(review.manifest.formation.web?.quantity, 4)
    assert.deepEqual([review.manifest.buildpacks, review.environment], [['heroku/nodejs'], 'review'])
    const tests = read('test')
    assert.deepEqual(tests.manifest.scripts, { test: 'npm test' })
    assert.equal(tests.manifest.buildpacks, undefined)
    const serving = read(null)
    assert.deepEqual(Object.keys(serving.manifest.env), ['A', 'B'])
    assert.equal(serving.environment, null)
    assert.equal(parseAppJson('{"environments": {"review": {}}}', ['web'], 'review').environment, null)
  })

  it('tell with their place what is wrong with them, whichever is asked for', () => {
    const errors = errorsOf({
      env: 3,
      environments: { test: 'x', review: { env: { 'A B': '' }, formation: { web: { quantity: -1 } } } },
    })
    assert.deepEqual(
      errors.map((error) => error.split(':')[0]),
      [
        'env',
        'environments.test',
        'environments.review.env["A B"]',
        'environments.review.formation.web.quantity',
      ],
    )
    const { warnings } = parse({ environments: { reveiw: {}, test: { scrpits: {} } } }).manifest
    assert.match(warnings[0]!, /^environments\.reveiw: is not known; did you mean "review"/)
    assert.match(warnings[1]!, /^environments\.test\.scrpits: is not known; did you mean "scripts"/)
  })
})

describe('how an image is built', () => {
  it('is not said by default, and each part of it has a default', () => {
    assert.equal(parse({}).build, null)
    assert.equal(parse({ build: null }).build, null)
    assert.deepEqual(parse({ build: {} }).build, { dockerfile: 'Dockerfile', args: [], secrets: [] })
    const given = { dockerfile: 'docker/web.Dockerfile', args: ['NODE_ENV'], secrets: ['NPM_TOKEN'] }
    assert.deepEqual(parse({ build: given }).build, given)
  })

  it('names config vars, none of them both as an argument and as a secret, and a file of the app', () => {
    const wrong: readonly [object, RegExp][] = [
      [{ args: ['A-B'] }, /build\.args\[0\]: is "A-B"/],
      [{ args: ['A'], secrets: ['A'] }, /build\.secrets: A is one of build\.args too/],
      [{ dockerfile: '../Dockerfile' }, /build\.dockerfile: is "\.\.\/Dockerfile"/],
      [{ dockerfile: '/etc/passwd' }, /build\.dockerfile/],
      [{ arg: [] }, /build\.arg: is not known/],
    ]
    for (const [build, message] of wrong) assert.match(messageOf(JSON.stringify({ build })), message)
  })
})
