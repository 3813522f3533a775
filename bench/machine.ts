import { spawnSync } from 'node:child_process'
import { cpus, loadavg, release, totalmem, type } from 'node:os'

/** What the figures were measured on: label and value, in the order to print. */
export function machineFacts(): [string, string][] {
  return [
    ['date', new Date().toISOString().slice(0, 10)],
    ['processor', `${cpus().length} cores, ${cpus()[0]?.model.trim() ?? 'unknown'}`],
    ['memory', `${(totalmem() / 1024 ** 3).toFixed(0)} GiB`],
    [
      'load before the run',
      `${loadavg()[0]!.toFixed(2)} (1 minute); the nearer to 0, the more the figures mean`,
    ],
    ['kernel', `${type()} ${release()}`],
    ['Node', process.version],
    ['HAProxy', firstMatch('haproxy', ['-v'], /version (\S+)/)],
    ['nginx', firstMatch('nginx', ['-v'], /nginx\/(\S+)/)],
    ['Caddy', firstMatch('caddy', ['version'], /v?(\d\S*)/)],
    ['wrk', firstMatch('wrk', ['-v'], /wrk (?:debian\/)?(\S+)/)],
    ['Tasuki', revision()],
  ]
}

function firstMatch(command: string, args: readonly string[], pattern: RegExp): string {
  const ran = spawnSync(command, args, { encoding: 'utf8' })
  const found = pattern.exec(`${ran.stdout ?? ''}${ran.stderr ?? ''}`)
  if (!found?.[1]) throw new Error(`${command} ${args.join(' ')} does not tell its version`)
  return found[1]
}

function revision(): string {
  const commit = spawnSync('git', ['rev-parse', '--short', 'HEAD'], {
    encoding: 'utf8',
    cwd: import.meta.dirname,
  })
  return commit.status === 0 ? commit.stdout.trim() : 'unknown'
}
