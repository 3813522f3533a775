import type { ServerStat } from './stat.ts'

/** The last check of a server in words that people understand; '' before the first. */
export function lastCheckInWords(stat: ServerStat, path: string | null): string {
  const { checkStatus, checkCode, lastCheck } = stat
  if (checkStatus === '') return ''
  if (path === null && checkStatus.startsWith('L7')) return tcpWords(stat)
  const on = path === null ? '' : ` on ${path}`
  switch (checkStatus) {
    case 'L7OK':
    case 'L7OKC':
    case 'L7STS':
      return `HTTP ${checkCode}${on}`
    case 'L7TOUT':
      return `no answer in time${on}`
    case 'L7RSP':
      return `no HTTP answer${on}`
    case 'L4CON':
      return (lastCheck || 'connection failed').toLowerCase()
    case 'L4TOUT':
      return 'connect timed out'
    case 'HANA':
      return 'visitors could not connect'
    default:
      return [checkStatus, lastCheck].filter((word) => word !== '').join(': ')
  }
}

/** What the prober inside HAProxy found. */
function tcpWords({ checkStatus, lastCheck }: ServerStat): string {
  if (checkStatus === 'L7OK') return 'connected'
  return checkStatus === 'L7STS' ? lastCheck : 'no connection in time'
}
