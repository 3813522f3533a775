import type { DiskFacts, MachineFacts } from '../../../domain/host-facts.ts'
import type { Shell } from './shell.ts'

/**
 * Says all that can be read of a machine without being root: a word and its value per line. Whatever a machine lacks is left
 * out. Its argument is where Docker keeps its images, if that is known.
 */
const LOOK = `
LC_ALL=C; export LC_ALL
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
echo "user $(id -un)"
echo "uid $(id -u)"
echo "groups $(id -Gn)"
echo "system $( (. /etc/os-release; echo "$PRETTY_NAME") 2>/dev/null || uname -s)"
echo "kernel $(uname -r)"
if [ -r /proc/meminfo ]; then
  awk '/^MemTotal:/ {print "memory-total", $2} /^MemAvailable:/ {print "memory-available", $2}' /proc/meminfo
fi
(ip -o addr show 2>/dev/null || true) | awk '$2 != "lo" && $3 ~ /^inet/ {sub("/.*", "", $4); print "address", $2, $4}'
for path in / "$1"; do
  [ -n "$path" ] || continue
  df -Pk "$path" 2>/dev/null | awk 'NR == 2 {print "disk", $2, $4, $6}'
  df -Pi "$path" 2>/dev/null | awk 'NR == 2 {print "inodes", $2, $4, $6}'
done
socket=/var/run/docker.sock
if [ ! -S "$socket" ]; then echo socket missing
elif [ -r "$socket" ] && [ -w "$socket" ]; then echo socket usable
else echo socket denied; fi
if command -v dockerd >/dev/null 2>&1; then echo dockerd yes; else echo dockerd no; fi
`
const KIB = 1024
const CLOCK_TRIES = 3
/** Docker's own bridges are not addresses at which a host is reached. */
const BRIDGE = /^(docker|br-|veth)/

/** What is to be known of a machine. Throws TasukiError `host_unreachable`. */
export async function lookAtMachine(shell: Shell, dockerRoot: string | null): Promise<MachineFacts> {
  const { stdout } = await shell(`sh -s -- '${(dockerRoot ?? '').replaceAll("'", '')}'`, { input: LOOK })
  const clock = await clockOf(shell)
  return { ...machineFrom(stdout), ...clock }
}

/** What the script said, taken apart. */
export function machineFrom(text: string): Omit<MachineFacts, 'clockAheadMs' | 'clockWithinMs'> {
  const lines = text.split('\n').map((line) => line.split(' '))
  const all = (word: string) => lines.filter(([first]) => first === word).map(([, ...rest]) => rest)
  const one = (word: string) => all(word)[0]?.join(' ') ?? ''
  const total = Number(one('memory-total'))
  const available = one('memory-available')
  return {
    user: one('user'),
    uid: Number(one('uid')),
    groups: one('groups').split(' ').filter(Boolean),
    system: one('system'),
    kernel: one('kernel'),
    addresses: all('address').flatMap(([device = '', address = '']) =>
      BRIDGE.test(device) ? [] : [address],
    ),
    memory: available === '' ? null : { totalBytes: total * KIB, availableBytes: Number(available) * KIB },
    disks: disksFrom(all('disk'), all('inodes')),
    socket: one('socket') as MachineFacts['socket'],
    hasDockerd: one('dockerd') === 'yes',
  }
}

/** Each file system once, however many paths are on it. */
function disksFrom(disks: readonly string[][], inodes: readonly string[][]): DiskFacts[] {
  const free = new Map(
    inodes.map(([total, left, path]) => [path, Number(total) > 0 ? Number(left) / Number(total) : null]),
  )
  const found = disks.map(([total, left, path = '']) => ({
    path,
    totalBytes: Number(total) * KIB,
    freeBytes: Number(left) * KIB,
    freeInodes: free.get(path) ?? null,
  }))
  return [...new Map(found.map((disk) => [disk.path, disk])).values()]
}

/** The tries that came back soonest know best. */
async function clockOf(shell: Shell): Promise<Pick<MachineFacts, 'clockAheadMs' | 'clockWithinMs'>> {
  let best: { clockAheadMs: number | null; clockWithinMs: number } = { clockAheadMs: null, clockWithinMs: 0 }
  for (let tries = 0; tries < CLOCK_TRIES; tries += 1) {
    const before = Date.now()
    const { stdout } = await shell('date +%s.%N', {})
    const within = (Date.now() - before) / 2
    const theirs = Number(/^\d+(\.\d+)?/.exec(stdout)?.[0]) * 1000
    if (Number.isNaN(theirs)) return best
    if (best.clockAheadMs === null || within < best.clockWithinMs)
      best = { clockAheadMs: theirs - (before + within), clockWithinMs: within }
  }
  return best
}
