import type { Finding, FindingLevel } from './finding.ts'
import type { ContainerFacts, DiskFacts, DockerFacts, HostFacts, MachineFacts, Reach } from './host-facts.ts'

/** A host as far as findings are about it. */
interface CheckedHost {
  readonly name: string
  readonly privateAddress: string
}

type Say = (level: FindingLevel, code: string, text: string, next?: string) => Finding

const LEAST_DOCKER = [20, 10] as const
const GIB = 2 ** 30
const MIB = 2 ** 20
const LEAST_FREE_DISK = GIB
const LEAST_FREE_SHARE = 0.1
const LEAST_FREE_INODES = 0.05
const LEAST_FREE_MEMORY = 256 * MIB
/** A clock that is further off breaks TLS and tokens sooner or later; this far is worth a word, ms. */
const CLOCK_WRONG_MS = 60_000
const CLOCK_OFF_MS = 2_000

/** What `hosts:check` says: each thing that was looked at, also what is as it should be. Of a host that lets nobody in: why. */
export function checkFindings(host: CheckedHost, facts: HostFacts): Finding[] {
  const say: Say = (level, code, text, next = '') => ({ code, level, about: `host ${host.name}`, text, next })
  if (facts.refused) return [say('problem', facts.refused.code, facts.refused.text, facts.refused.next)]
  return [
    ...(facts.machine ? machineFindings(facts.machine, say) : []),
    ...dockerFindings(facts, say),
    ...(facts.reach ? [reachFinding(facts.reach, host, facts.machine, say)] : []),
    ...loginFindings(facts.logins, say),
  ]
}

/** What `doctor` adds to that: how the containers on the host are run. */
export function containerFindings(host: CheckedHost, containers: readonly ContainerFacts[]): Finding[] {
  const say: Say = (level, code, text, next = '') => ({ code, level, about: `host ${host.name}`, text, next })
  return containers.flatMap((container) => [
    ...rootFindings(container, say),
    ...publishFindings(container, say),
    ...driftFindings(container, say),
  ])
}

function machineFindings(machine: MachineFacts, say: Say): Finding[] {
  const { system, kernel, user } = machine
  return [
    say('ok', 'login', `Lets ${user} in: ${system}, Linux ${kernel}.`),
    ...machine.disks.flatMap((disk) => diskFindings(disk, say)),
    ...memoryFindings(machine, say),
    ...clockFindings(machine, say),
  ]
}

function diskFindings({ path, totalBytes, freeBytes, freeInodes }: DiskFacts, say: Say): Finding[] {
  const free = `${gib(freeBytes)} of ${gib(totalBytes)} are free on the disk of ${path}`
  const next =
    'Free some: `docker system df` shows what images and containers take, `docker image prune` what can go.'
  if (freeInodes !== null && freeInodes < LEAST_FREE_INODES)
    return [say('problem', 'disk_inodes', `The disk of ${path} has hardly any room for more files.`, next)]
  if (freeBytes < LEAST_FREE_DISK) return [say('problem', 'disk_full', `Only ${free}.`, next)]
  if (freeBytes < totalBytes * LEAST_FREE_SHARE) return [say('warning', 'disk_low', `Only ${free}.`, next)]
  return [say('ok', 'disk', `${free}.`)]
}

function memoryFindings({ memory }: MachineFacts, say: Say): Finding[] {
  if (!memory) return []
  const free = `${gib(memory.availableBytes)} of ${gib(memory.totalBytes)} of memory can be used`
  if (memory.availableBytes >= LEAST_FREE_MEMORY) return [say('ok', 'memory', `${free}.`)]
  return [
    say(
      'warning',
      'memory_low',
      `Only ${free}.`,
      'Run fewer or smaller instances there, or give it more memory.',
    ),
  ]
}

function clockFindings({ clockAheadMs, clockWithinMs }: MachineFacts, say: Say): Finding[] {
  if (clockAheadMs === null) return []
  const off = Math.abs(clockAheadMs)
  const text = `Its clock is ${(off / 1000).toFixed(1)} s ${clockAheadMs > 0 ? 'ahead of' : 'behind'} the server's.`
  const next = 'Let it keep the time by itself: install chrony or systemd-timesyncd.'
  if (off > CLOCK_WRONG_MS + clockWithinMs) return [say('problem', 'clock_wrong', text, next)]
  if (off > CLOCK_OFF_MS + clockWithinMs) return [say('warning', 'clock_off', text, next)]
  return [say('ok', 'clock', "Its clock agrees with the server's.")]
}

function dockerFindings({ docker, machine }: HostFacts, say: Say): Finding[] {
  if (docker && !('trouble' in docker)) return engineFindings(docker, say)
  const trouble = docker?.trouble ?? 'it was not asked'
  if (machine?.socket === 'denied')
    return [
      say(
        'problem',
        'docker_denied',
        `${machine.user} may not use Docker's socket.`,
        `As root on the host: \`usermod -aG docker ${machine.user}\`; \`tasuki hosts:bootstrap\` does it too.`,
      ),
    ]
  if (machine && !machine.hasDockerd)
    return [
      say(
        'problem',
        'docker_missing',
        'Docker is not installed.',
        'Install it: `tasuki hosts:bootstrap ssh://root@ADDRESS` does, on Debian.',
      ),
    ]
  return [
    say(
      'problem',
      'docker_silent',
      `Docker does not answer: ${trouble}.`,
      'On the host: `systemctl status docker` and `journalctl -u docker` say why.',
    ),
  ]
}

function engineFindings(docker: DockerFacts, say: Say): Finding[] {
  const findings = [versionFinding(docker, say)]
  findings.push(
    say('ok', 'images', `Images lie in ${docker.root} (${docker.storageDriver}): ${docker.images} so far.`),
  )
  if (docker.storageDriver === 'vfs')
    findings.push(
      say(
        'warning',
        'storage_vfs',
        'Docker copies each image whole for each container (storage driver vfs).',
        'Give it a disk on which overlay2 works: ext4 or xfs.',
      ),
    )
  if (!docker.limits)
    findings.push(
      say(
        'warning',
        'no_limits',
        'Its kernel keeps no limits of memory: an instance can use all of it.',
        'Turn the memory cgroup on: `cgroup_enable=memory` on the kernel command line, or cgroups v2.',
      ),
    )
  if (!docker.liveRestore)
    findings.push(
      say(
        'note',
        'no_live_restore',
        'A restart of its Docker (an upgrade, say) ends the instances on it, and starts them again.',
        'Write `{"live-restore": true}` to /etc/docker/daemon.json and reload Docker, or drain it first.',
      ),
    )
  return findings
}

function versionFinding({ version, api }: DockerFacts, say: Say): Finding {
  const [major = 0, minor = 0] = version.split('.').map((part) => Number.parseInt(part, 10) || 0)
  const [leastMajor, leastMinor] = LEAST_DOCKER
  const enough = major > leastMajor || (major === leastMajor && minor >= leastMinor)
  if (enough) return say('ok', 'docker', `Docker ${version}, API ${api}.`)
  return say(
    'problem',
    'docker_old',
    `Docker ${version} is too old.`,
    `Install ${leastMajor}.${leastMinor} or newer: Debian 12 has 20.10, docker.com newer ones.`,
  )
}

function reachFinding(
  reach: Reach,
  { privateAddress: address }: CheckedHost,
  machine: MachineFacts | null,
  say: Say,
): Finding {
  switch (reach.kind) {
    case 'reached':
      return say('ok', 'reach', `The router reaches it at ${address}.`)
    case 'not-own':
      return say(
        'problem',
        'private_address',
        `It does not have the address ${address}, on which its instances are to be published.`,
        `It has ${machine?.addresses.join(', ') || 'none that could be read'}: add it anew with --private-address.`,
      )
    case 'refused':
    case 'silent': {
      const how = reach.kind === 'silent' ? 'There was no answer' : 'The connection was refused'
      const sure = reach.by === 'instance'
      return say(
        sure ? 'problem' : 'warning',
        'not_reached',
        `The router could not reach port ${reach.port} of ${address}. ${how}.`,
        'Let the server connect to that port range in the firewalls of the host and the network.',
      )
    }
  }
}

function loginFindings(logins: readonly string[] | null, say: Say): Finding[] {
  if (!logins) return []
  const passwords = logins.filter((way) => way === 'password' || way === 'keyboard-interactive')
  if (passwords.length === 0) return [say('ok', 'ssh_keys', 'Its SSH server takes keys only.')]
  return [
    say(
      'warning',
      'ssh_passwords',
      `Its SSH server takes passwords (${passwords.join(', ')}): anybody may guess.`,
      'Set `PasswordAuthentication no` and `KbdInteractiveAuthentication no` in /etc/ssh/sshd_config, and reload sshd.',
    ),
  ]
}

function rootFindings({ name, own, user, privileged }: ContainerFacts, say: Say): Finding[] {
  const whose = own ? 'Instance' : 'Container'
  if (privileged)
    return [
      say(
        own ? 'problem' : 'warning',
        'privileged',
        `${whose} ${name} is privileged: it can do with the host what it likes.`,
        'Start it without --privileged.',
      ),
    ]
  if (!/^(root|0+)?(:|$)/.test(user)) return []
  return [
    say(
      own ? 'problem' : 'note',
      'runs_as_root',
      `${whose} ${name} runs as root.`,
      own ? 'Restart the app; instances are never started so.' : 'Give its image a USER.',
    ),
  ]
}

function publishFindings({ name, own, published }: ContainerFacts, say: Say): Finding[] {
  const open = published.filter(({ address }) => isPublic(address))
  if (open.length === 0) return []
  const where = open.map(({ address, port }) => `${inUrl(address)}:${port}`).join(', ')
  return [
    say(
      own ? 'problem' : 'note',
      'published_publicly',
      `${own ? 'Instance' : 'Container'} ${name} is published on ${where}: visitors get to it past the router.`,
      own
        ? 'Give the host a private address (`tasuki hosts:add --private-address`), and restart the app.'
        : 'Publish it on an address of a private network, or not at all.',
    ),
  ]
}

function driftFindings({ name, image, imageId, tagLeadsTo, own }: ContainerFacts, say: Say): Finding[] {
  if (own || tagLeadsTo === null || tagLeadsTo === imageId) return []
  return [
    say(
      'note',
      'image_drift',
      `Container ${name} runs an older image than ${image} leads to now.`,
      'Start it anew, or name the image by its digest.',
    ),
  ]
}

/** Not of a loopback or private network; the wildcards are. IPv4 and IPv6. */
export function isPublic(address: string): boolean {
  if (address === '' || address === '0.0.0.0' || address === '::') return true
  if (address.includes(':')) return !/^(::1$|f[cd]|fe[89ab])/i.test(address)
  return !/^(127\.|10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|169\.254\.|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.)/.test(
    address,
  )
}

function inUrl(address: string): string {
  if (address === '') return '0.0.0.0'
  return address.includes(':') ? `[${address}]` : address
}

function gib(bytes: number): string {
  return bytes < GIB ? `${Math.round(bytes / MIB)} MiB` : `${(bytes / GIB).toFixed(1)} GiB`
}
