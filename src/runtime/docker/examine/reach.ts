import { randomBytes, randomInt } from 'node:crypto'
import { connect } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import type { Reach } from '../../../domain/host-facts.ts'
import type { Address } from '../../../domain/instance.ts'
import type { Shell } from './shell.ts'

/** Of those that instances get, so that a firewall lets it through as it lets them; one that is taken is passed over. */
const FIRST_PORT = 19_000
const LAST_PORT = 19_999
const PORTS_TRIED = 5
const CONNECT_MS = 2_000
const LISTEN_SECONDS = 4
const POLL_MS = 100
const TAKEN = 98
const NOT_OWN = 99
const NOBODY_CAME = 97

/**
 * Listens on a host's address for one connection and says a word to it. Perl is part of every Debian. Its exit status says what
 * became of it.
 */
const LISTENER = `
use strict; use warnings; use Socket qw(:all);
my ($address, $port, $word, $seconds) = @ARGV;
alarm $seconds; $SIG{ALRM} = sub { exit ${NOBODY_CAME} };
my $family = $address =~ /:/ ? AF_INET6 : AF_INET;
my $ip = inet_pton($family, $address) or exit 1;
socket(my $server, $family, SOCK_STREAM, 0) or exit 1;
setsockopt($server, SOL_SOCKET, SO_REUSEADDR, 1);
my $to = $family == AF_INET6 ? pack_sockaddr_in6($port, $ip) : pack_sockaddr_in($port, $ip);
bind($server, $to) or exit($!{EADDRNOTAVAIL} ? ${NOT_OWN} : $!{EADDRINUSE} ? ${TAKEN} : 1);
listen($server, 5) or exit 1;
accept(my $client, $server) or exit 1;
syswrite $client, "$word\\n";
exit 0;
`

/**
 * Whether the control plane's machine, where the router is, reaches what listens on that address of the host: one of its
 * instances where there are any, else a listener that is started for it. Null when neither can be.
 */
export async function reachOf(
  shell: Shell,
  privateAddress: string,
  instances: readonly Address[],
): Promise<Reach | null> {
  for (const address of instances.slice(0, PORTS_TRIED)) {
    const answer = await asked(address, null)
    if (answer === 'said') return { kind: 'reached', by: 'instance' }
    if (answer === 'silent') return { kind: 'silent', by: 'instance', port: address.port }
  }
  return listened(shell, privateAddress)
}

async function listened(shell: Shell, host: string): Promise<Reach | null> {
  for (let tries = 0; tries < PORTS_TRIED; tries += 1) {
    const port = randomInt(FIRST_PORT, LAST_PORT + 1)
    const word = randomBytes(12).toString('hex')
    const command = `perl -MErrno - ${host} ${port} ${word} ${LISTEN_SECONDS}`
    const run = { ended: false }
    const listening = shell(command, { input: LISTENER, timeoutMs: (LISTEN_SECONDS + 4) * 1000 }).finally(
      () => {
        run.ended = true
      },
    )
    const heard = await listens({ host, port }, word, run)
    const { code } = await listening
    if (heard === 'said') return { kind: 'reached', by: 'listener' }
    if (code === NOT_OWN) return { kind: 'not-own' }
    if (code === TAKEN) continue
    return code === NOBODY_CAME ? { kind: heard, by: 'listener', port } : null
  }
  return null
}

/** Asks again until the listener is up, or has ended. */
async function listens(
  address: Address,
  word: string,
  run: { readonly ended: boolean },
): Promise<'said' | 'refused' | 'silent'> {
  let last: 'said' | 'refused' | 'silent' = 'refused'
  const limit = performance.now() + CONNECT_MS
  while (performance.now() < limit && !run.ended) {
    last = await asked(address, word)
    if (last === 'said') break
    await pause(POLL_MS)
  }
  return last
}

/** `said`: it took the connection and, where a word is expected, said that. */
function asked({ host, port }: Address, word: string | null): Promise<'said' | 'refused' | 'silent'> {
  return new Promise((resolve) => {
    const socket = connect({ host, port })
    const timer = setTimeout(() => done('silent'), CONNECT_MS)
    function done(how: 'said' | 'refused' | 'silent') {
      clearTimeout(timer)
      socket.destroy()
      resolve(how)
    }
    socket.on('connect', () => {
      if (word === null) done('said')
    })
    socket.on('data', (data) => done(String(data).trim() === word ? 'said' : 'refused'))
    socket.on('end', () => done('refused'))
    socket.on('error', () => done('refused'))
  })
}
