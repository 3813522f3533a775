import { join } from 'node:path'
import { TasukiError } from '../../domain/errors.ts'

/** Where each of the router's files lies. */
export type Layout = ReturnType<typeof layoutOf>

/** Text that needs no quoting, neither in HAProxy's configuration nor in its commands. */
const PLAIN_PATH = /^\/[\w./+,=@-]*$/
/** A Unix socket's path may have 107 bytes; HAProxy appends to it while it starts. */
const LONGEST_DIRECTORY = 80

/** Throws `invalid_params` for a directory that can not stand in HAProxy's configuration. */
export function layoutOf(directory: string) {
  if (!PLAIN_PATH.test(directory) || directory.length > LONGEST_DIRECTORY) {
    throw new TasukiError('invalid_params', `The router can not keep its files in "${directory}".`, {
      next: `Use an absolute path of at most ${LONGEST_DIRECTORY} plain characters (letters, digits, . _ - +).`,
    })
  }
  const at = (...parts: string[]) => join(directory, ...parts)
  return {
    directory,
    /** What HAProxy boots from: every `.cfg` in it, in lexical order. */
    config: at('conf.d'),
    /** The same as it was when HAProxy last accepted it. */
    good: at('good.d'),
    maps: at('maps'),
    pages: at('pages'),
    master: at('master.sock'),
    stats: at('stats.sock'),
    /** The same for HAProxy's own Lua, which can not read long answers there. */
    listing: at('listing.sock'),
    /** Where the control plane is told that somebody waits for an app that sleeps. */
    bell: at('bell.sock'),
    lua: at('tasuki.lua'),
    log: at('haproxy.log'),
    watchdogScript: at('watchdog.sh'),
    /** Process id and start time of the watchdog, and of HAProxy's master. */
    watchdogRun: at('watchdog.run'),
    masterRun: at('master.run'),
    pidFile: at('haproxy.pid'),
    outages: at('outages'),
    /** UTC ms at which HAProxy was last seen alive. */
    seen: at('seen'),
    /** Exists while HAProxy is meant to be down. */
    down: at('down'),
    /** The machine's boot that the addresses belong to. */
    machine: at('machine-boot'),
    prober: at('prober.json'),
  }
}
