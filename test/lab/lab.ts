import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { run } from '../harness/run.ts'

const LAB = fileURLToPath(new URL('lab.sh', import.meta.url))
const IMAGES = fileURLToPath(new URL('images.sh', import.meta.url))
const REGISTRY = fileURLToPath(new URL('registry.sh', import.meta.url))
const LIMIT_MS = 120_000

/** Labs that are up: none may outlive this process, however it ends. */
const live = new Set<Lab>()
process.on('exit', () => {
  for (const lab of live) lab.purge()
})
for (const signal of ['SIGTERM', 'SIGHUP', 'SIGINT'] as const) process.on(signal, () => process.exit(1))

/** `h1`, `h2`, … */
export type HostName = `h${number}`

export interface LabOptions {
  /** How many hosts; `grow` adds more. */
  readonly hosts: number
  /** Size of each host's disk (`600m`), which is then kept in memory. Without it: as big as the machine's. */
  readonly disk?: string
  /** Bytes of memory per host. */
  readonly memory?: number
  /** Whether each host's Docker has the image `lab/node`. Default true. */
  readonly images?: boolean
}

export interface LabRegistry {
  /** `ADDRESS:PORT`, TLS by the lab's own authority, which all hosts trust. */
  readonly address: string
  readonly user: string
  readonly password: string
  /** File of the authority's certificate. */
  readonly ca: string
}

/** Machines on this machine: hosts with sshd and Docker on a switch of their own, which can be cut off and switched off. */
export class Lab {
  readonly name: string
  readonly #options: LabOptions
  #hosts = 0
  #down = false

  private constructor(options: LabOptions) {
    this.name = `t${process.pid.toString(36)}${randomBytes(3).toString('hex')}`
    this.#options = options
  }

  /** Why there can be no lab on this machine, in words for whoever reads the tests' output; null where there can. */
  static whyNot(): string | null {
    return spawnSync(LAB, ['why-not'], { encoding: 'utf8' }).stdout.trim() || null
  }

  /** Brings one up; rejects with the script's words when it does not come up. */
  static async start(options: LabOptions): Promise<Lab> {
    await run(LAB, ['sweep'])
    const lab = new Lab(options)
    live.add(lab)
    try {
      await lab.grow(options.hosts)
    } catch (error) {
      await lab.down()
      throw error
    }
    return lab
  }

  get directory(): string {
    return `/var/tmp/tasuki-labs/${this.name}`
  }

  /** The hosts that were brought up, `h1` first. */
  get hosts(): HostName[] {
    return Array.from({ length: this.#hosts }, (_, index): HostName => `h${index + 1}`)
  }

  /** Private key (OpenSSH) that lets in as `deploy`, who may use Docker, and as `root`, on every host. */
  get keyFile(): string {
    return join(this.directory, 'id_ed25519')
  }

  /** Where this machine is on the lab's network, and where each host is. */
  get desk(): string {
    return `${this.#net}.1`
  }

  address(host: HostName): string {
    return `${this.#net}.${10 + Number(host.slice(1))}`
  }

  /** As `hosts:add` takes it. */
  url(host: HostName, user = 'deploy'): string {
    return `ssh://${user}@${this.address(host)}`
  }

  /** The host's disk as this machine sees it. */
  root(host: HostName): string {
    return join(this.directory, 'hosts', host, 'root')
  }

  /** The socket of its Docker as this machine sees it: also for a host that is cut off. */
  socket(host: HostName): string {
    return join(this.root(host), 'run/docker.sock')
  }

  /** Brings up what is missing of as many hosts. */
  async grow(hosts: number): Promise<void> {
    await this.#must('up', String(hosts))
    this.#hosts = Math.max(this.#hosts, hosts)
    if (this.#options.images !== false) await this.#script(IMAGES, this.hosts)
  }

  /** The switch drops all that it sends and gets: nobody hears anything, not even a reset. */
  async cut(host: HostName): Promise<void> {
    await this.#must('cut', host)
  }

  /** These two can't hear each other; everybody else can. */
  async block(one: HostName, other: HostName): Promise<void> {
    await this.#must('block', one, other)
  }

  /** Undoes `cut`, `block` and `pause`. */
  async heal(host: HostName): Promise<void> {
    await this.#must('heal', host)
  }

  /** Stops every process on it where it is; its kernel still takes connections. */
  async pause(host: HostName): Promise<void> {
    await this.#must('pause', host)
  }

  /** Power cut: silent, its disk stays. */
  async kill(host: HostName): Promise<void> {
    await this.#must('kill', host)
  }

  /** Boots a host that has no power; resolves when its Docker and sshd answer. */
  async start(host: HostName): Promise<void> {
    await this.#must('start', host)
  }

  /** Orderly shutdown. */
  async halt(host: HostName): Promise<void> {
    await this.#must('halt', host)
  }

  /** Ends a service as a crash would; it is started again at once. */
  async crash(host: HostName, service: 'dockerd' | 'sshd' | 'containerd' | 'registry'): Promise<void> {
    await this.exec(host, `kill -9 $(cat /run/${service}.service.pid)`)
  }

  /** Stops a service in good order and keeps it down until `resume`. */
  async stop(host: HostName, service: 'dockerd' | 'sshd' | 'registry'): Promise<void> {
    await this.exec(host, `touch /etc/lab/${service}.off; kill $(cat /run/${service}.service.pid)`)
  }

  async resume(host: HostName, service: 'dockerd' | 'sshd' | 'registry'): Promise<void> {
    rmSync(join(this.root(host), 'etc/lab', `${service}.off`))
  }

  /** Cuts every SSH connection of a host, as its own daemon would by ending; new ones are let in. */
  async cutSsh(host: HostName): Promise<void> {
    // The listener's title is "sshd: /usr/sbin/sshd …", a connection's "sshd: USER".
    await this.exec(host, "ps -eo pid,args | awk '/sshd: [a-z]+( |$|@)/ {print $1}' | xargs -r kill -9")
  }

  /** Output of a shell command as root on the host, past SSH; throws when it fails. */
  exec(host: HostName, command: string): Promise<string> {
    return this.#must('sh', host, 'sh', '-c', command)
  }

  /** Output of the Docker command line against the host's own socket, past SSH; throws when it fails. */
  docker(host: HostName, ...args: readonly string[]): Promise<string> {
    return this.#must('docker', host, ...args)
  }

  /** A registry on that host, which every host trusts. */
  async registry(host: HostName): Promise<LabRegistry> {
    const [address = '', user = '', password = ''] = (await this.#script(REGISTRY, [host])).trim().split(' ')
    return { address, user, password, ca: join(this.directory, 'ca/ca.crt') }
  }

  /** Ends everything and deletes the disks. Repeatable. */
  async down(): Promise<void> {
    if (this.#down) return
    await this.#must('down', '--purge')
    this.#down = true
    live.delete(this)
  }

  /** The same at once, for a process that ends. */
  purge(): void {
    spawnSync(LAB, ['down', '--purge'], { env: this.#env(), stdio: 'ignore' })
  }

  get #net(): string {
    return readFileSync(join(this.directory, 'net'), 'utf8').trim()
  }

  #must(...args: readonly string[]): Promise<string> {
    return this.#script(LAB, args)
  }

  async #script(file: string, args: readonly string[]): Promise<string> {
    const ran = await run(file, args, { env: this.#env(), limitMs: LIMIT_MS })
    if (ran.code === 0) return ran.stdout
    throw new Error(`${file} ${args.join(' ')} ended with ${ran.code}:\n${ran.stdout}${ran.stderr}`)
  }

  #env(): Record<string, string> {
    const { disk, memory } = this.#options
    return {
      ...(process.env as Record<string, string>),
      LAB_NAME: this.name,
      LAB_DIR: this.directory,
      LAB_OWNER: String(process.pid),
      ...(disk === undefined ? {} : { LAB_DISK: disk }),
      ...(memory === undefined ? {} : { LAB_MEM: String(memory) }),
    }
  }
}
