import { constants, type Stats } from 'node:fs'
import {
  access,
  chmod,
  copyFile,
  cp,
  link,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  stat,
  symlink,
} from 'node:fs/promises'
import { delimiter, dirname, join } from 'node:path'
import { barrierTo, openFolder } from '../reach.ts'

/**
 * The Node that apps are built and run with: the one that runs the control plane, kept in the data directory. So it stays
 * when Tasuki is upgraded or its checkout moves, and apps reach it even when it lies in somebody's home.
 */
export interface Toolchain {
  /** Names the versions, e.g. `node-24.21.0-npm-11.6.0`. */
  readonly name: string
  /** Holds `node`, and `npm` and `npx` when the machine has them. */
  readonly bin: string
  readonly hasNpm: boolean
}

export const SYSTEM_PATH = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin']

/** PATH of builds and instances: commands of the app's own packages first, found from the root of the app. */
export function appPath(toolchain: Toolchain): string {
  return ['./node_modules/.bin', toolchain.bin, ...SYSTEM_PATH].join(delimiter)
}

/** Makes the toolchain of the running Node below `dir`, or finds it there. */
export async function ensureToolchain(dir: string): Promise<Toolchain> {
  const npm = await findNpm()
  const name = `node-${process.versions.node}${npm ? `-npm-${npm.version}` : ''}`
  const toolchain = { name, bin: join(dir, name, 'bin'), hasNpm: npm !== null }
  if (!(await exists(join(dir, name)))) await install(join(dir, name), npm)
  return toolchain
}

/** Removes toolchains that are not named, among them half-made ones. */
export async function collectToolchains(dir: string, keep: ReadonlySet<string>): Promise<void> {
  for (const name of await readdir(dir)) {
    if (!keep.has(name)) await rm(join(dir, name), { recursive: true })
  }
}

async function install(target: string, npm: Npm | null): Promise<void> {
  const aside = `${target}.${process.pid}`
  await rm(aside, { recursive: true, force: true })
  await openFolder(aside)
  await openFolder(join(aside, 'bin'))
  await putNode(join(aside, 'bin/node'))
  if (npm) await putNpm(aside, npm)
  await rename(aside, target)
}

async function putNode(target: string): Promise<void> {
  const source = await realpath(process.execPath)
  if (isTrusted(await stat(source)) && (await linked(source, target))) return
  await copyFile(source, target, constants.COPYFILE_FICLONE)
  await chmod(target, 0o755)
}

/** A file that nobody but this user can change, and that everybody may run, can be shared instead of copied. */
function isTrusted({ uid, mode }: Stats): boolean {
  return uid === process.getuid?.() && (mode & 0o777) === 0o755
}

async function linked(source: string, target: string): Promise<boolean> {
  try {
    await link(source, target)
    return true
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EXDEV' || code === 'EPERM' || code === 'EMLINK') return false
    throw error
  }
}

interface Npm {
  /** Root of the npm package. */
  readonly dir: string
  readonly version: string
}

/** npm where others can reach it is referred to; in somebody's home it is copied. */
async function putNpm(root: string, npm: Npm): Promise<void> {
  const inside = '../lib/node_modules/npm'
  const shared = (await barrierTo(npm.dir)) === null
  if (!shared) await cp(npm.dir, join(root, 'lib/node_modules/npm'), { recursive: true })
  const dir = shared ? npm.dir : inside
  await symlink(join(dir, 'bin/npm-cli.js'), join(root, 'bin/npm'))
  await symlink(join(dir, 'bin/npx-cli.js'), join(root, 'bin/npx'))
}

/** The npm that belongs to this Node, else the first one on PATH. */
async function findNpm(): Promise<Npm | null> {
  const own = join(dirname(dirname(process.execPath)), 'lib/node_modules/npm')
  const onPath = (process.env.PATH ?? '').split(delimiter).filter((dir) => dir.startsWith('/'))
  const places = [own, ...(await Promise.all(onPath.map((dir) => packageOf(join(dir, 'npm')))))]
  for (const dir of places) {
    const version = dir && (await versionOf(dir))
    if (version) return { dir: await realpath(dir), version }
  }
  return null
}

/** `…/npm/bin/npm-cli.js` is what the command `npm` is a link to. */
async function packageOf(command: string): Promise<string | null> {
  if (!(await exists(command))) return null
  const file = await realpath(command)
  return file.endsWith('/bin/npm-cli.js') ? dirname(dirname(file)) : null
}

async function versionOf(dir: string): Promise<string | null> {
  const file = join(dir, 'package.json')
  if (!(await exists(file))) return null
  const { name, version } = JSON.parse(await readFile(file, 'utf8'))
  return name === 'npm' && typeof version === 'string' ? version : null
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
