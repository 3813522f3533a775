import { open, readFile, rename, rm } from 'node:fs/promises'
import type { InstanceId, InstanceSpec, RuntimeInstance } from '../../domain/instance.ts'

interface Written {
  readonly instances: readonly RuntimeInstance[]
  readonly expected: readonly InstanceId[]
}

/**
 * What is known of the instances of one host, kept in a file: so that none is forgotten while the host does not answer,
 * whatever becomes of the control plane. Whoever is being started is written down before; that it is there is not known
 * until it has been seen.
 */
export class HostBook {
  readonly #file: string
  readonly #known = new Map<InstanceId, RuntimeInstance>()
  /** Started, not seen yet; and as of which look that was settled, `null` while the start goes on. */
  readonly #expected = new Map<InstanceId, number | null>()
  /** The newest look whose results are known, of each app and (`''`) of all; and those forgotten, as of which look. */
  readonly #latest = new Map<string, number>()
  readonly #forgotten = new Map<InstanceId, { readonly look: number; readonly appId: string }>()
  #look = 0
  #saved = ''
  #saving: Promise<void> = Promise.resolve()

  /** Reads what an earlier control plane knew. Throws when the file can not be read. */
  static async open(file: string): Promise<HostBook> {
    const book = new HostBook(file)
    const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null
      throw error
    })
    if (text !== null) book.#read(JSON.parse(text) as Written)
    return book
  }

  private constructor(file: string) {
    this.#file = file
  }

  #read({ instances, expected }: Written): void {
    for (const one of instances) this.#known.set(one.id, one)
    for (const id of expected) this.#expected.set(id, 0)
    this.#saved = this.#text()
  }

  has(id: InstanceId): boolean {
    return this.#known.has(id)
  }

  /** All that is known, of an app or of all. */
  instances(appId?: string): RuntimeInstance[] {
    return [...this.#known.values()].filter((one) => appId === undefined || one.appId === appId)
  }

  /** It is being started. Known already: nothing changes. */
  expect(spec: InstanceSpec, host: string, at: number): void {
    if (this.#known.has(spec.id)) return
    this.#known.set(spec.id, expectedInstance(spec, host, at))
    this.#expected.set(spec.id, null)
  }

  /** Its start has ended, in whatever way: the next look says whether it is there. */
  settle(id: InstanceId): void {
    if (this.#expected.has(id)) this.#expected.set(id, this.#look)
  }

  /** Its start was refused: it is not there. One that has been seen stays. */
  refused(id: InstanceId): void {
    if (this.#expected.delete(id)) this.#known.delete(id)
  }

  signalled(id: InstanceId, at: number): void {
    const known = this.#known.get(id)
    if (known?.state === 'running' && known.signalledAt === null)
      this.#known.set(id, { ...known, signalledAt: at })
  }

  /** It is there no more. */
  forget(id: InstanceId): void {
    const appId = this.#known.get(id)?.appId
    this.#drop(id)
    if (appId !== undefined) this.#forgotten.set(id, { look: this.#look, appId })
  }

  /** Begins a look at the host; its number belongs to what is then seen. */
  looking(): number {
    this.#look += 1
    return this.#look
  }

  /**
   * What a look has shown, of an app or of all. What changed since the look began is not taken back for it: a start, a
   * removal, or what a newer look has shown.
   */
  saw(look: number, instances: readonly RuntimeInstance[], appId?: string): void {
    const seen = new Set(instances.map(({ id }) => id))
    for (const { id, appId: app } of this.instances(appId))
      if (!seen.has(id) && !this.#isOld(look, app) && !this.#startedSince(id, look)) this.#drop(id)
    for (const one of instances) {
      if (this.#isOld(look, one.appId) || (this.#forgotten.get(one.id)?.look ?? -1) >= look) continue
      this.#known.set(one.id, one)
      if (!this.#startedSince(one.id, look)) this.#expected.delete(one.id)
    }
    this.#latest.set(appId ?? '', Math.max(look, this.#latest.get(appId ?? '') ?? 0))
    for (const [id, at] of this.#forgotten)
      if (at.look < look && (appId === undefined || at.appId === appId)) this.#forgotten.delete(id)
  }

  #isOld(look: number, appId: string): boolean {
    return look < Math.max(this.#latest.get('') ?? 0, this.#latest.get(appId) ?? 0)
  }

  #startedSince(id: InstanceId, look: number): boolean {
    const settled = this.#expected.get(id)
    return settled !== undefined && (settled === null || settled >= look)
  }

  #drop(id: InstanceId): void {
    this.#known.delete(id)
    this.#expected.delete(id)
  }

  /** Resolves when all that is known now is on the disk. */
  save(): Promise<void> {
    const text = this.#text()
    if (text === this.#saved) return this.#saving
    this.#saved = text
    this.#saving = this.#saving
      .catch(() => undefined) // whoever waited for that one was told
      .then(() => writeWhole(this.#file, text))
      .catch((error: unknown) => {
        this.#saved = ''
        throw error
      })
    return this.#saving
  }

  /** The host is no more: nothing of it is kept. */
  async delete(): Promise<void> {
    await this.#saving.catch(() => undefined)
    this.#known.clear()
    this.#expected.clear()
    await rm(this.#file, { force: true })
  }

  #text(): string {
    const written: Written = { instances: [...this.#known.values()], expected: [...this.#expected.keys()] }
    return JSON.stringify(written)
  }
}

function expectedInstance(spec: InstanceSpec, host: string, at: number): RuntimeInstance {
  const { id, kind, appId, type, name, release, generation, size } = spec
  const about = { id, kind, appId, type, name, release, generation, size: size.name }
  const unknown = { address: null, privateAddress: null, pid: null, signalledAt: null, exit: null }
  return { ...about, ...unknown, state: 'running', startedAt: at, host, unreachable: false }
}

async function writeWhole(file: string, text: string): Promise<void> {
  const handle = await open(`${file}.new`, 'w', 0o600)
  try {
    await handle.writeFile(text)
    await handle.sync()
  } finally {
    await handle.close()
  }
  await rename(`${file}.new`, file)
}
