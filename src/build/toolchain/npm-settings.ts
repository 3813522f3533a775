import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Toolchain } from './toolchain.ts'

/** Where packages come from and how they are fetched; nothing that is secret, and nothing about this machine's own files. */
const SETTINGS = new Set([
  'registry',
  'proxy',
  'https-proxy',
  'noproxy',
  'ca',
  'cafile',
  'strict-ssl',
  'replace-registry-host',
  'before',
  'min-release-age',
  'fetch-retries',
  'fetch-retry-mintimeout',
  'fetch-retry-maxtimeout',
  'fetch-timeout',
  'maxsockets',
])

/**
 * The lines of a .npmrc that lets builds reach the registry that this server's own npm is set to use.
 * Tokens and passwords stay behind: an app that needs a private registry brings its own .npmrc and a config var.
 */
export async function npmSettings(toolchain: Toolchain): Promise<string> {
  const { stdout } = await promisify(execFile)(join(toolchain.bin, 'npm'), ['config', 'list', '--json'], {
    cwd: '/',
    env: { ...process.env, PATH: `${toolchain.bin}:${process.env.PATH}` },
  })
  const lines = Object.entries(JSON.parse(stdout) as Record<string, unknown>)
    .filter(([key, value]) => isWanted(key) && value !== null)
    .flatMap(([key, value]) => settingLines(key, value))
  return `${lines.join('\n')}\n`
}

function isWanted(key: string): boolean {
  return SETTINGS.has(key) || /^@[\w.-]+:registry$/.test(key)
}

function settingLines(key: string, value: unknown): string[] {
  if (Array.isArray(value))
    return value.filter((item) => item !== '').map((item) => `${key}[]=${plain(item)}`)
  return [`${key}=${plain(value)}`]
}

/** Quoted as JSON where the ini format needs it, and without a user and password in a URL. */
function plain(value: unknown): string {
  const text = String(value).replace(/^(https?:\/\/)[^/@]*@/, '$1')
  return /^[\w:/.@%+,-]*$/.test(text) ? text : JSON.stringify(text)
}
