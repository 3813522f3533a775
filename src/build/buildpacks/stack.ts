import { existsSync, readFileSync } from 'node:fs'

/** Distribution and version → the stack of Heroku whose libraries are nearest. */
const NEAREST: Readonly<Record<string, string>> = {
  'debian 11': 'heroku-20',
  'debian 12': 'heroku-22',
  'debian 13': 'heroku-24',
  'ubuntu 20.04': 'heroku-20',
  'ubuntu 22.04': 'heroku-22',
  'ubuntu 24.04': 'heroku-24',
}

/**
 * What buildpacks are told as STACK. They choose their programs by it, so this says what would run here; an app may say
 * otherwise by a config var of that name.
 */
export function stackName(file = '/etc/os-release'): string {
  const text = existsSync(file) ? readFileSync(file, 'utf8') : ''
  const field = (name: string) => new RegExp(`^${name}="?([^"\\n]*)"?$`, 'm').exec(text)?.[1] ?? ''
  return NEAREST[`${field('ID')} ${field('VERSION_ID')}`] ?? 'tasuki-1'
}
