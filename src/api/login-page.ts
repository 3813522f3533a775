import { createHash } from 'node:crypto'
import type { WaitingLogin } from '../services/browser-logins.ts'

const STYLE = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
body { max-width: 26rem; margin: 10vh auto; padding: 0 1rem }
label { display: block; margin-top: 1rem }
input { display: block; box-sizing: border-box; width: 100%; padding: .5rem; font: inherit }
button { margin: 1.5rem .5rem 0 0; padding: .5rem 1.5rem; font: inherit }
.wrong { border-left: .3rem solid #c33; padding-left: .7rem }
dt { font-weight: bold }
`

/** No script, nothing from elsewhere, in nobody's frame; the form leads to us only. */
export const PAGE_HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'content-security-policy': `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'`,
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
}

/** The form that lets a waiting command line in. `proof` goes back with it; `wrong`: what was wrong the last time. */
export function loginForm(login: WaitingLogin, proof: string, wrong: string | null): string {
  return page(
    'Log in to Tasuki',
    `<p>A command line asks to be let in with your account:</p>
<dl><dt>It calls itself</dt><dd>${escaped(login.description)}</dd>
<dt>It calls from</dt><dd>${escaped(login.address)}</dd></dl>
<p>Go on only if you have started it yourself, just now.</p>
${wrong === null ? '' : `<p class="wrong" role="alert">${escaped(wrong)}</p>`}
<form method="post">
<input type="hidden" name="proof" value="${escaped(proof)}">
<label>E-mail address<input name="email" type="email" autocomplete="username" required autofocus></label>
<label>Password<input name="password" type="password" autocomplete="current-password" required></label>
<button name="answer" value="yes">Log in</button>
<button name="answer" value="no" formnovalidate>It was not me</button>
</form>`,
  )
}

/** A page that only says something. */
export function plainPage(title: string, text: string): string {
  return page(title, `<p>${escaped(text)}</p>`)
}

function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escaped(title)}</title><style>${STYLE}</style>
<main><h1>${escaped(title)}</h1>
${body}
</main></html>
`
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`)
}
