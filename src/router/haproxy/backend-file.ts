import { TasukiError } from '../../domain/errors.ts'
import type { BackendKey } from '../../rollout/ports.ts'
import { addressText, type Backend, NOWHERE, type Occupant, type Slot, streamName } from './backend.ts'
import type { Prober } from './prober.ts'

/**
 * The file of one backend. It is all that is known of it: HAProxy boots from its lines, the control plane reads
 * the comments. So a restart of either finds the same, and a slot changes by replacing one small file.
 */
export interface BackendFiles {
  readonly config: string
  /** Slot → where and how it is checked; one line each. */
  readonly checks: string
}

/** What the text of a backend depends on beside itself. */
export interface BackendContext {
  readonly prober: Prober
  readonly unavailablePage: string
  checksMap(backend: string): string
}

export function renderBackend(backend: Backend, context: BackendContext): BackendFiles {
  const config = [
    '# Made by Tasuki, which also reads it back: do not edit.',
    `# owner ${JSON.stringify(backend.owner)}`,
    `# settings ${JSON.stringify(backend.settings)}`,
    `# retired ${backend.retired}`,
    ...plainLines(backend, context),
    ...streamLines(backend, context),
    '',
  ].join('\n')
  return { config, checks: checkLines(backend, context.prober) }
}

function plainLines(backend: Backend, context: BackendContext): string[] {
  const { settings, name } = backend
  return [
    `backend ${name} from tasuki`,
    `  timeout check ${ms(settings.checkTimeoutSeconds)}`,
    ...checkRules(context.checksMap(name)),
    ...silenceLines(backend),
    `  default-server check inter ${ms(settings.checkSeconds)} fastinter 100ms downinter 100ms` +
      ` rise ${settings.rise} fall ${settings.fall} weight 100 pool-purge-delay 250ms` +
      ' observe layer4 error-limit 1 on-error mark-down',
    '  http-request disable-l7-retry unless METH_GET or { method HEAD OPTIONS PUT DELETE }',
    ...holdLines(backend, context),
    ...backend.slots.map((slot) => `  ${plainServer(backend, slot, context.prober)}`),
  ]
}

/** Servers that follow the plain ones' state, so that streams have a count of their own. */
function streamLines(backend: Backend, context: BackendContext): string[] {
  return [
    `backend ${streamName(backend.name)} from tasuki_stream`,
    ...silenceLines(backend),
    ...holdLines(backend, context),
    ...backend.slots.map((slot) => `  ${streamServer(backend, slot)}`),
  ]
}

/** What a check asks comes from a map, so that it can change while HAProxy runs. */
export function checkRules(map: string): string[] {
  const asked = `srv_name,map_str(${map})`
  return [
    '  option httpchk',
    `  http-check send meth GET uri-lf "%[${asked},field(2,|,0)]" ver HTTP/1.1` +
      ` hdr Host "%[${asked},field(1,|)]" hdr User-Agent tasuki-router`,
    '  http-check expect status 200-399',
  ]
}

function holdLines(backend: Backend, context: BackendContext): string[] {
  const limit = Math.round(backend.settings.holdSeconds * 1000)
  return [
    `  http-request lua.hold ${backend.name} ${limit} if { nbsrv(${backend.name}) eq 0 }`,
    '  http-request return status 503 hdr Retry-After 5 hdr Cache-Control no-store content-type "text/html; charset=utf-8"' +
      ` file ${context.unavailablePage} if { var(txn.no_instance) -m found }`,
  ]
}

/**
 * A machine that is cut off or without power answers nothing, not even that it is gone: neither connecting nor waiting
 * for an answer would end for a minute. So its kernel has to be heard from every few seconds; then the connection ends,
 * and what may be repeated goes to another instance.
 */
function silenceLines({ settings }: Backend): string[] {
  if (!settings.distant) return []
  return ['  option srvtcpka', '  srvtcpka-idle 1s', '  srvtcpka-intvl 1s', '  srvtcpka-cnt 3']
}

/** The same for what was sent and never acknowledged. HAProxy heeds it on a server's own line only. */
function silenceWords({ settings }: Backend): string {
  return settings.distant ? ' tcp-ut 3s' : ''
}

function plainServer(backend: Backend, slot: Slot, prober: Prober): string {
  const { name, occupant } = slot
  const silence = silenceWords(backend)
  if (!occupant) return `server ${name} ${addressText(NOWHERE)} disabled${silence} # free`
  const words = [
    `server ${name} ${addressText(occupant.address)} weight ${occupant.weight}${silence}`,
    ...(occupant.checkPath === null ? [`addr ${prober.address.host} port ${prober.address.port}`] : []),
    ...(occupant.state === 'admitted' ? [] : ['disabled']),
    `# instance ${occupant.instance} ${JSON.stringify(occupant)}`,
  ]
  return words.join(' ')
}

function streamServer(backend: Backend, { name, occupant }: Slot): string {
  const address = addressText(occupant?.address ?? NOWHERE)
  const weight = occupant?.weight ?? 100
  return `server ${name} ${address} track ${backend.name}/${name} weight ${weight}${silenceWords(backend)}`
}

function checkLines(backend: Backend, prober: Prober): string {
  return backend.slots
    .filter((slot) => slot.occupant !== null)
    .map((slot) => `${slot.name} ${checkValue(slot.occupant!, prober)}\n`)
    .join('')
}

/** `HOST|PATH` of a check, as the rules of `checkRules` take it apart. */
export function checkValue(occupant: Occupant, prober: Prober): string {
  if (occupant.checkPath !== null) return `${occupant.host}|${occupant.checkPath}`
  return `prober|${prober.path(occupant.address)}`
}

/** Reads a backend back from its file; throws `internal` for a text that is not whole. */
export function parseBackend(name: string, text: string): Backend {
  const lines = text.split('\n')
  const slots = lines.filter((line) => PLAIN_SERVER.test(line)).map(parseSlot)
  if (!lines.includes(`backend ${streamName(name)} from tasuki_stream`)) throw broken(name)
  return {
    name,
    owner: comment<BackendKey | null>(name, lines, 'owner'),
    settings: comment<Backend['settings']>(name, lines, 'settings'),
    retired: comment<boolean>(name, lines, 'retired'),
    slots,
  }
}

const PLAIN_SERVER = /^ {2}server (s\d+) \S+ .*# (?:free|instance \S+ (\{.*\}))$/

function parseSlot(line: string): Slot {
  const [, name, occupant] = PLAIN_SERVER.exec(line)!
  return { name: name!, occupant: occupant ? (JSON.parse(occupant) as Occupant) : null }
}

function comment<T>(name: string, lines: readonly string[], word: string): T {
  const line = lines.find((each) => each.startsWith(`# ${word} `))
  if (!line) throw broken(name)
  return JSON.parse(line.slice(word.length + 3)) as T
}

function broken(name: string): TasukiError {
  return new TasukiError('internal', `The file of the router's backend ${name} is not whole.`)
}

function ms(seconds: number): string {
  return `${Math.max(1, Math.round(seconds * 1000))}ms`
}
