// Makes a fresh machine ready: npm dependencies from the lock file, Node 24, HAProxy, Git, and on request what tests
// (--tests) and benchmarks (--bench) need. Repeating it is quick and changes nothing. Any Node from 20 on runs it.
import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync, readFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))
const LEAST_NODE = 24
const LEAST_HAPROXY = [2, 6]

/** Command → package, where its name is not the command's. */
const PACKAGES = {
  apt: { script: 'bsdutils' },
  dnf: { script: 'util-linux-script' },
  apk: { git: 'git-daemon', script: 'util-linux-misc' },
  brew: { python3: 'python', script: 'util-linux' },
}

/** How each package manager installs and how it learns of new packages. `root`: needs the rights of root. */
const MANAGERS = {
  apt: {
    command: 'apt-get',
    root: true,
    install: ['install', '-y', '-q', '--no-install-recommends'],
    update: ['update', '-q'],
  },
  dnf: { command: 'dnf', root: true, install: ['install', '-y', '-q'], update: null },
  apk: { command: 'apk', root: true, install: ['add', '-q'], update: ['update', '-q'] },
  brew: { command: 'brew', root: false, install: ['install', '-q'], update: ['update', '-q'] },
}

/** Ends the set-up with what the person has to do. */
class Missing extends Error {}

function say(step, state) {
  console.log(`setup  ${step.padEnd(18)} ${state}`)
}

/** Full path of a command on PATH or where system commands usually are, or null. */
function find(command) {
  const folders = (process.env.PATH || '').split(delimiter)
  for (const folder of [...folders, '/usr/sbin', '/usr/local/sbin', '/sbin', '/opt/homebrew/bin']) {
    const file = join(folder, command)
    try {
      accessSync(file, constants.X_OK)
      return file
    } catch {
      // Not in this folder.
    }
  }
  return null
}

function output(command, args) {
  const result = spawnSync(command, args, { encoding: 'utf8' })
  return result.status === 0 ? result.stdout.trim() : ''
}

/** Runs with its output shown only when it fails; true when it succeeded. */
function quietly(command, args, options = {}) {
  const result = spawnSync(command, args, { cwd: ROOT, encoding: 'utf8', ...options })
  if (result.status === 0) return true
  process.stderr.write(
    `${result.stdout || ''}${result.stderr || ''}${result.error ? `${result.error.message}\n` : ''}`,
  )
  return false
}

/** Installs what the lock file of a folder names, unless it is there. `flags` are further ones of `npm ci`. */
function installPackages(step, folder, flags = []) {
  if (packagesMatchLock(folder)) return say(step, 'ok')
  say(step, `installing from ${join(folder, 'package-lock.json')} …`)
  const cwd = join(ROOT, folder)
  if (!quietly('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error', ...flags], { cwd })) {
    throw new Missing(`\`npm ci\` failed in ${cwd}; its output is above.`)
  }
  say(step, 'installed')
}

/** npm writes its own copy of the lock when an installation has ended: equal versions mean nothing is to do. */
function packagesMatchLock(folder) {
  const locked = readPackages(join(folder, 'package-lock.json'))
  const installed = readPackages(join(folder, 'node_modules/.package-lock.json'))
  if (!locked || !installed) return false
  return Object.entries(locked).every(([path, entry]) => {
    if (path === '') return true
    const found = installed[path]
    return found ? found.version === entry.version : entry.optional === true
  })
}

function readPackages(file) {
  try {
    return JSON.parse(readFileSync(join(ROOT, file), 'utf8')).packages
  } catch {
    return null
  }
}

function checkNode() {
  const own = join(ROOT, 'node_modules', '.bin', 'node')
  // With npm's ignore-scripts the package `node` has no program yet.
  const version = nodeVersion(own) || nodeVersion('node') || repairedNode(own)
  if (!version)
    throw new Missing(`Node ${LEAST_NODE} or newer was not found: install it from https://nodejs.org`)
  say('node', version)
}

function repairedNode(own) {
  quietly('npm', ['rebuild', 'node', '--ignore-scripts=false', '--loglevel=error'])
  return nodeVersion(own)
}

function nodeVersion(command) {
  const version = output(command, ['--version'])
  return Number(version.slice(1).split('.')[0]) >= LEAST_NODE ? version : null
}

function ensureHaproxy() {
  ensure('haproxy')
  const shown = output(find('haproxy'), ['-v'])
  const version = /version (\d+)\.(\d+)(\.\d+)?/.exec(shown)
  const [major, minor] = version ? [Number(version[1]), Number(version[2])] : [0, 0]
  if (major < LEAST_HAPROXY[0] || (major === LEAST_HAPROXY[0] && minor < LEAST_HAPROXY[1])) {
    throw new Missing(
      `HAProxy ${LEAST_HAPROXY.join('.')} or newer is needed; this is: ${shown.split('\n')[0]}`,
    )
  }
}

/** Pushes are taken by `git http-backend`, which not every package of Git has. */
function gitServes() {
  const folder = find('git') && output('git', ['--exec-path'])
  return Boolean(folder) && existsSync(join(folder, 'git-http-backend'))
}

/** Installs a command's package unless the command is there. */
function ensure(command, isThere = () => find(command)) {
  if (isThere()) return say(command, 'ok')
  const name = Object.keys(MANAGERS).find((candidate) => find(MANAGERS[candidate].command))
  const wanted = (name && PACKAGES[name]?.[command]) || command
  if (!name) throw new Missing(`Install ${wanted}, then run this again.`)
  say(command, `installing ${wanted} …`)
  install(MANAGERS[name], wanted)
  if (!isThere()) throw new Missing(`${wanted} was installed but there is no command ${command}.`)
  say(command, 'installed')
}

function install(manager, wanted) {
  const run = withRights(manager, wanted)
  if (run([...manager.install, wanted], true)) return
  // The list of packages may be missing or old.
  if (manager.update) run(manager.update, false)
  if (!run([...manager.install, wanted], false)) {
    throw new Missing(
      `Installing ${wanted} failed; the output is above. Install it yourself, then run this again.`,
    )
  }
}

/** A function that runs the manager as root where it must be, and says at once when that cannot be had. */
function withRights(manager, wanted) {
  const prefix = rights(manager, wanted)
  return (args, silent) => {
    const [command, ...rest] = [...prefix, manager.command, ...args]
    const options = {
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      stdio: ['ignore', 'pipe', 'pipe'],
    }
    if (silent) return spawnSync(command, rest, options).status === 0
    return quietly(command, rest, options)
  }
}

function rights(manager, wanted) {
  if (!manager.root || process.getuid?.() === 0) return []
  if (find('sudo') && spawnSync('sudo', ['-n', 'true']).status === 0) return ['sudo', '-n']
  const line = ['sudo', manager.command, ...manager.install.filter((word) => word !== '-q'), wanted].join(' ')
  throw new Missing(`${wanted} is missing and needs root to install. Run:  ${line}`)
}

/** What the lab needs. Where it cannot be had, its tests are skipped and say why: nothing else depends on it. */
function ensureLab() {
  const lab = join(ROOT, 'test/lab/lab.sh')
  const skipped = (why) => say('lab', `skipped: ${why}`)
  const why = output(lab, ['why-not'])
  if (why === '') return say('lab', 'ok')
  // On somebody's own machine Docker and an SSH server are not ours to install.
  const mayInstall = !existsSync('/run/systemd/system') || process.env.CI
  if (!why.includes('is missing') || !find('apt-get') || !mayInstall) return skipped(why)
  say('lab', 'installing Docker, an SSH server and a registry …')
  if (!quietly(lab, ['deps'])) return skipped('its packages were not installed')
  say('lab', 'installed')
}

function main(flags) {
  const known = ['--tests', '--bench']
  const unknown = flags.find((flag) => !known.includes(flag))
  if (unknown) throw new Missing(`Unknown flag ${unknown}; there are ${known.join(' and ')}.`)
  installPackages('npm dependencies', '.')
  checkNode()
  ensureHaproxy()
  ensure('git', gitServes)
  if (flags.includes('--tests')) {
    for (const command of ['python3', 'script']) ensure(command)
    // It is run as it is: what its packages would compile at their installation only makes it faster.
    installPackages('heroku cli', 'test/conformance', ['--ignore-scripts'])
    ensureLab()
  }
  if (flags.includes('--bench')) for (const command of ['nginx', 'caddy', 'wrk']) ensure(command)
}

try {
  main(process.argv.slice(2))
} catch (error) {
  if (!(error instanceof Missing)) throw error
  console.error(`setup  ${error.message}`)
  process.exitCode = 1
}
