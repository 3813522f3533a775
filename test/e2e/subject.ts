import { chmod, mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Ran, sourceFrom, TestApp, type TestServer } from '../harness/index.ts'

const SOURCE = fileURLToPath(new URL('./subject', import.meta.url))

/** Short limits, so that a rollout takes seconds; each can be set otherwise. */
const QUICK = {
  drain_seconds: 15,
  stream_seconds: 1,
  stop_seconds: 2,
  boot_seconds: 15,
  bake_seconds: 1,
  hold_seconds: 10,
}

/** What settings.json of the source may hold; see `subject/server.mjs`. */
export interface Behaviour {
  readonly ON_TERM?: 'exit' | 'graceful' | 'ignore'
  readonly BOOT?: 'crash' | 'deaf' | number
  readonly HEALTH?: 'sick'
  readonly CRASH_MS?: number
  readonly ERRORS?: number
  readonly GREETING?: string
  readonly JOB_MS?: number
}

export interface SubjectOptions {
  readonly name?: string
  readonly instances?: number
  /** Keys of `tasuki` in app.json. */
  readonly settings?: Readonly<Record<string, unknown>>
  readonly behaviour?: Behaviour
  readonly procfile?: string
  /** More files of each source. */
  readonly files?: Readonly<Record<string, string>>
}

type Settings = Readonly<Record<string, unknown>>
type Files = Readonly<Record<string, string>>

/** The app under test: deployed once, ready for load. */
export class Subject {
  readonly app: TestApp
  readonly server: TestServer
  readonly #options: SubjectOptions
  #count = 0

  private constructor(app: TestApp, options: SubjectOptions) {
    this.app = app
    this.server = app.server
    this.#options = options
  }

  static async create(server: TestServer, options: SubjectOptions = {}): Promise<Subject> {
    const name = options.name ?? 'subject'
    const jobs = join(server.directory, `jobs-${name}`)
    await mkdir(jobs, { recursive: true })
    // Instances have users of their own.
    await chmod(jobs, 0o1777)
    const app = await TestApp.create(server, { name, config: { JOBS: jobs } })
    const subject = new Subject(app, options)
    await subject.mustDeploy()
    return subject
  }

  /** A source that differs from all before, so that each deploy is another artifact. */
  source(behaviour: Behaviour = {}, settings: Settings = {}, files: Files = {}): Promise<string> {
    const { instances = 2, procfile } = this.#options
    const greeting = { GREETING: `build ${++this.#count}` }
    const appJson = {
      formation: { web: { quantity: instances } },
      healthchecks: { web: [{ type: 'readiness', path: '/health' }] },
      tasuki: { ...QUICK, ...this.#options.settings, ...settings },
    }
    return sourceFrom(this.server, SOURCE, {
      'settings.json': JSON.stringify({ ...greeting, ...this.#options.behaviour, ...behaviour }),
      'app.json': JSON.stringify(appJson),
      ...(procfile === undefined ? {} : { Procfile: procfile }),
      ...this.#options.files,
      ...files,
    })
  }

  /** Deploys a new build and follows it to its end. */
  async deploy(behaviour: Behaviour = {}, settings: Settings = {}, files: Files = {}): Promise<Ran> {
    const source = await this.source(behaviour, settings, files)
    const ran = await this.app.deploy(source)
    await rm(source, { recursive: true })
    return ran
  }

  async mustDeploy(
    behaviour: Behaviour = {},
    settings: Readonly<Record<string, unknown>> = {},
  ): Promise<void> {
    const ran = await this.deploy(behaviour, settings)
    if (ran.code !== 0) throw new Error(`the deploy ended with ${ran.code}:\n${ran.stdout}\n${ran.stderr}`)
  }

  /** Ids of the jobs that instances have done, as often as they did them. */
  async jobsDone(): Promise<string[]> {
    const directory = join(this.server.directory, `jobs-${this.app.name}`)
    const files = await readdir(directory)
    const texts = await Promise.all(files.map((file) => readFile(join(directory, file), 'utf8')))
    return texts.flatMap((text) => text.split('\n').filter((line) => line !== ''))
  }
}
