/** What visitors see when no instance answers. Each page is one small file without anything to load. */

export interface PagePaths {
  readonly unknownHost: string
  readonly maintenance: string
  readonly notDeployed: string
  readonly unavailable: string
  readonly error502: string
  readonly error503: string
  readonly error504: string
}

export function pagePaths(directory: string): PagePaths {
  return {
    unknownHost: `${directory}/unknown-host.html`,
    maintenance: `${directory}/maintenance.html`,
    notDeployed: `${directory}/not-deployed.html`,
    unavailable: `${directory}/unavailable.html`,
    error502: `${directory}/502.http`,
    error503: `${directory}/503.http`,
    error504: `${directory}/504.http`,
  }
}

/** Path → text of every page. */
export function pageFiles(paths: PagePaths): Map<string, string> {
  return new Map([
    [paths.unknownHost, page('No such app', 'There is no app at this address.')],
    [paths.maintenance, page('Down for maintenance', 'This app is being worked on and will be back soon.')],
    [paths.notDeployed, page('Nothing here yet', 'This app has not been deployed yet.')],
    [
      paths.unavailable,
      page('Not available', 'This app does not answer at the moment. Please try again soon.'),
    ],
    [paths.error502, answer(502, 'Bad Gateway', 'This app gave an answer that is not HTTP.')],
    [
      paths.error503,
      answer(503, 'Service Unavailable', 'This app does not answer at the moment. Please try again soon.'),
    ],
    [paths.error504, answer(504, 'Gateway Timeout', 'This app did not answer in time.')],
  ])
}

/** A whole answer, as HAProxy wants it for the errors that it makes itself. */
function answer(status: number, reason: string, text: string): string {
  const body = page(reason, text)
  const headers = [
    `HTTP/1.1 ${status} ${reason}`,
    'Content-Type: text/html; charset=utf-8',
    'Cache-Control: no-store',
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...(status === 503 ? ['Retry-After: 5'] : []),
  ]
  return `${headers.join('\r\n')}\r\n\r\n${body}`
}

function page(title: string, text: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${title}</title>
<style>
body { font: 1.1rem/1.5 system-ui, sans-serif; margin: 20vh auto 0; max-width: 30rem; padding: 0 1rem; color: #222 }
h1 { font-size: 1.6rem; font-weight: 600 }
@media (prefers-color-scheme: dark) { body { background: #161616; color: #ddd } }
</style>
</head>
<body>
<h1>${title}</h1>
<p>${text}</p>
</body>
</html>
`
}
