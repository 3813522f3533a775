import { readFileSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { TestContext } from 'node:test'
import { execa } from 'execa'
import { createApi } from '../api/create.ts'
import { type World, world } from '../services/testing.ts'
import { afterTest, tempDir } from '../store/testing.ts'
import { gitRoutes } from './routes.ts'

/** The Git door on loopback, with services on a real store behind it. */
export interface LiveGit extends World {
  readonly url: string
  readonly token: string
  /** Address of an app's repository, with the token in it. */
  address(app: string): string
}

export async function liveGit(
  context: TestContext,
  settings: Parameters<typeof world>[1] = {},
): Promise<LiveGit> {
  const made = await world(context, settings)
  const log = { error: (fields: object, message: string) => console.error(message, fields) }
  const api = await createApi(made.services, { version: '0.1.0', log })
  await gitRoutes(api, made.services, log)
  const url = await api.listen({ host: '127.0.0.1', port: 0 })
  afterTest(context, () => api.close())
  const token = readFileSync(join(made.store.dataDir, 'token'), 'utf8').trim()
  const address = (app: string) => `${url.replace('http://', `http://me:${token}@`)}/${app}.git`
  return Object.assign(made, { url, token, address })
}

interface GitRan {
  readonly code: number | undefined
  readonly out: string
}

interface Following {
  said(): string
  kill(): void
  readonly ended: Promise<GitRan>
}

/** A clone as a developer has it, with nobody's settings. */
export class Clone {
  readonly directory: string
  readonly #env: Readonly<Record<string, string>>

  /** `env`: variables besides those that every clone has. */
  constructor(directory: string, env: Readonly<Record<string, string>> = {}) {
    this.directory = directory
    this.#env = env
  }

  /** A new repository with branch main, removed after the test. */
  static async fresh(context: TestContext): Promise<Clone> {
    const clone = new Clone(tempDir(context, 'clone'))
    await clone.must('init', '-q', '-b', 'main')
    return clone
  }

  /** Runs Git; output of both streams together, without the blanks that Git puts behind what the server says. */
  git(...args: readonly string[]): Promise<GitRan> {
    return this.follow(...args).ended
  }

  /** The same, to be watched while it runs. */
  follow(...args: readonly string[]): Following {
    const running = execa('git', ['-C', this.directory, ...args], {
      env: { ...developer(), PATH: process.env.PATH ?? '', ...this.#env },
      extendEnv: false,
      reject: false,
      all: true,
      stdin: 'ignore',
      // Git leaves the talking to a child, which has to end with it.
      detached: true,
    })
    let said = ''
    running.all.on('data', (chunk: Buffer) => {
      said += chunk.toString()
    })
    const ended = running.then(({ exitCode }) => ({ code: exitCode, out: said.replace(/ +$/gm, '') }))
    return { said: () => said, kill: () => void process.kill(-running.pid!, 'SIGKILL'), ended }
  }

  /** The same; throws with the output unless it ends with 0. */
  async must(...args: readonly string[]): Promise<string> {
    const { code, out } = await this.git(...args)
    if (code !== 0) throw new Error(`git ${args.join(' ')} ended with ${code}:\n${out}`)
    return out
  }

  /** Writes files and commits them; returns the commit. */
  async commit(files: Readonly<Record<string, string>>, message = 'Change'): Promise<string> {
    for (const [path, text] of Object.entries(files)) {
      const file = join(this.directory, path)
      await mkdir(dirname(file), { recursive: true })
      await writeFile(file, text)
    }
    await this.must('add', '-A')
    await this.must('commit', '-q', '--allow-empty', '-m', message)
    return (await this.must('rev-parse', 'HEAD')).trim()
  }
}

function developer(): Record<string, string> {
  const who = { NAME: 'Dev', EMAIL: 'dev@example.test' }
  return {
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_TERMINAL_PROMPT: '0',
    HOME: '/nonexistent',
    LC_ALL: 'C',
    GIT_AUTHOR_NAME: who.NAME,
    GIT_AUTHOR_EMAIL: who.EMAIL,
    GIT_COMMITTER_NAME: who.NAME,
    GIT_COMMITTER_EMAIL: who.EMAIL,
  }
}
