import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import type { Commit } from '../domain/source-event.ts'
import type { ServiceDeps } from './context.ts'
import { KeyedQueue } from './queue.ts'
import { type Contents, contentsOf } from './repositories-contents.ts'
import { Git, gitEnvironment, requireGit } from './repositories-git.ts'
import { changedFilesOf, commitsOf } from './repositories-log.ts'
import { expectShallow } from './repositories-shallow.ts'

/** What a repository is named before it is whole. */
const UNFINISHED = '.new'

/** One bare repository per app in `DATA/repositories`, under the app's id, so that a new name changes nothing. */
export class Repositories {
  readonly #deps: ServiceDeps
  /** Changes of one repository come one after the other. */
  readonly #changes = new KeyedQueue(Number.POSITIVE_INFINITY)
  #checked: Promise<void> | null = null

  constructor(deps: ServiceDeps) {
    this.#deps = deps
  }

  /** The folder that holds all of them, each as `ID.git`. */
  get root(): string {
    return join(this.#deps.store.dataDir, 'repositories')
  }

  /** Removes what a control plane that was killed had not made whole. */
  async start(): Promise<void> {
    const names = existsSync(this.root) ? await readdir(this.root) : []
    for (const name of names.filter((one) => one.includes(UNFINISHED)))
      await rm(join(this.root, name), { recursive: true, force: true })
  }

  /** Makes sure of the app's repository. Throws `setup_missing` when the machine has no Git that can serve it. */
  async ensure(appId: string): Promise<void> {
    this.#checked ??= requireGit()
    await this.#checked.catch((error: unknown) => {
      this.#checked = null
      throw error
    })
    if (existsSync(this.#directory(appId))) return
    await mkdir(this.root, { recursive: true, mode: 0o700 })
    const fresh = join(this.root, `${appId}${UNFINISHED}-${randomUUID()}`)
    await mkdir(fresh)
    await new Git(fresh).run(['init', '--quiet', '--bare', '--initial-branch=main', '--template=', fresh])
    await rename(fresh, this.#directory(appId)).catch(async (error: NodeJS.ErrnoException) => {
      await rm(fresh, { recursive: true, force: true })
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error
    })
  }

  /** Writes a hook that every repository runs. */
  async setHook(name: string, script: string): Promise<void> {
    await mkdir(this.#hooks, { recursive: true, mode: 0o700 })
    const fresh = join(this.root, `${name}${UNFINISHED}-${randomUUID()}`)
    await writeFile(fresh, script, { mode: 0o700 })
    await rename(fresh, join(this.#hooks, name))
  }

  /** The environment in which Git serves the repositories to others. */
  servingEnvironment(): Record<string, string> {
    return {
      ...gitEnvironment({
        'core.hooksPath': this.#hooks,
        'http.receivepack': 'true',
        'receive.procReceiveRefs': 'refs',
        'receive.maxInputSize': String(this.#deps.settings.mostPushBytes),
        'receive.advertisePushOptions': 'false',
        // We tidy up ourselves; the client should not wait for it.
        'receive.autogc': 'false',
        // What is large stays in the pack as it came, instead of being held in memory.
        'core.bigFileThreshold': '16m',
        'receive.unpackLimit': '1',
        'pack.threads': '1',
        'pack.windowMemory': '64m',
      }),
      GIT_PROJECT_ROOT: this.root,
      GIT_HTTP_EXPORT_ALL: '1',
    }
  }

  /** The id that a ref has now; null when there is none. */
  async idOf(appId: string, ref: string): Promise<string | null> {
    const { out } = await this.#git(appId).try(['rev-parse', '--verify', '--quiet', '--end-of-options', ref])
    return out === '' ? null : out
  }

  /** The commit that an id stands for; null when it is none, as a tag of a file. */
  commitOf(appId: string, id: string): Promise<string | null> {
    return this.idOf(appId, `${id}^{commit}`)
  }

  /** Whether all of `older` is in `newer`; false as well when their histories are not known that far back. */
  async contains(appId: string, newer: string, older: string): Promise<boolean> {
    return (await this.#git(appId).try(['merge-base', '--is-ancestor', older, newer])).code === 0
  }

  /** The commits that `to` has and `from` has not (null: all of them), newest first; none when they are not there. */
  async commits(appId: string, to: string, from: string | null, most: number): Promise<Commit[]> {
    return existsSync(this.#directory(appId)) ? commitsOf(this.#git(appId), to, from, most) : []
  }

  /** Names of the files in which two commits differ, at most so many; null when one of them is not there. */
  async changedFiles(appId: string, from: string, to: string, most: number): Promise<string[] | null> {
    return existsSync(this.#directory(appId)) ? changedFilesOf(this.#git(appId), from, to, most) : null
  }

  /** By name. */
  async branches(appId: string): Promise<{ readonly name: string; readonly sha: string }[]> {
    if (!existsSync(this.#directory(appId))) return []
    const format = '--format=%(objectname) %(refname:lstrip=2)'
    const out = await this.#git(appId).run(['for-each-ref', format, 'refs/heads/'])
    const lines = out === '' ? [] : out.split('\n')
    return lines.map((line) => ({
      sha: line.slice(0, line.indexOf(' ')),
      name: line.slice(line.indexOf(' ') + 1),
    }))
  }

  contents(appId: string, commit: string): Promise<Contents> {
    return contentsOf(this.#git(appId), commit)
  }

  /** The files of a commit as a tar archive; the stream fails when it can not be whole. */
  archive(appId: string, commit: string): Readable {
    return this.#git(appId).stream(['archive', '--format=tar', commit])
  }

  /** Prepares for a push out of a shallow clone whose history ends at these commits. */
  expectShallow(appId: string, ends: readonly string[]): Promise<void> {
    return this.#alone(appId, () => expectShallow(this.#git(appId), ends))
  }

  /** Lets a ref go from one id to another, null being none; false when it is not at `from` any more. */
  change(appId: string, ref: string, from: string | null, to: string | null): Promise<boolean> {
    return this.#alone(appId, async () => {
      const git = this.#git(appId)
      const present = await this.idOf(appId, ref)
      if (present !== from) return present === to
      if (to === null) {
        await git.run(['update-ref', '-d', ref, from ?? ''])
        return true
      }
      await git.run(['update-ref', ref, to, from ?? '0'.repeat(to.length)])
      return true
    })
  }

  /** A clone shall check out what is deployed: the one of main and master that is there. */
  async setHead(appId: string, ref: string): Promise<void> {
    const head = await this.#git(appId).run(['symbolic-ref', 'HEAD'])
    if (head !== ref && (await this.idOf(appId, head)) === null)
      await this.#git(appId).run(['symbolic-ref', 'HEAD', ref])
  }

  /** Packs what lies about loose, and forgets what was refused a day ago. Does nothing when there is little to do. */
  tidy(appId: string): Promise<void> {
    const settings = [
      'gc.auto=1000',
      'gc.autoPackLimit=30',
      'gc.autoDetach=false',
      'gc.pruneExpire=1.day.ago',
    ]
    const flags = [...settings, 'pack.threads=1', 'pack.windowMemory=64m'].flatMap((setting) => [
      '-c',
      setting,
    ])
    return this.#alone(appId, async () => {
      if (existsSync(this.#directory(appId)))
        await this.#git(appId).run([...flags, 'gc', '--auto', '--quiet'])
    })
  }

  /** The app is gone. Repeatable. */
  remove(appId: string): Promise<void> {
    return this.#alone(appId, () =>
      rm(this.#directory(appId), { recursive: true, force: true, maxRetries: 3 }),
    )
  }

  get #hooks(): string {
    return join(this.root, 'hooks')
  }

  #git(appId: string): Git {
    return new Git(this.#directory(appId))
  }

  #directory(appId: string): string {
    return join(this.root, `${appId}.git`)
  }

  #alone<T>(appId: string, work: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#changes.add(appId, () => work().then(resolve, reject))
    })
  }
}
