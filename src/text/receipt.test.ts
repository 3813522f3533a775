import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { stripVTControlCharacters } from 'node:util'
import { headline, renderReceipt } from './receipt.ts'
import { ansi, PLAIN } from './screen.ts'
import { LOSSY, RECEIPT } from './testing/sample-receipt.ts'

describe('a receipt as text', () => {
  it('says in its first line what matters, then every count', () => {
    assert.equal(
      renderReceipt(RECEIPT),
      `41,280 requests while v7 took over from v6 · 0 lost · p99 4.1 → 4.3 → 4.2 ms

  answered   2xx 41,280
  lost       none
  by release v6 1,100   v7 40,180

             before   during    after
  requests   30,120    1,900   39,380
  for        30.0 s   2.00 s   10.0 s
  p50        1.2 ms   1.3 ms   1.2 ms
  p99        4.1 ms   4.3 ms   4.2 ms
  max         12 ms  18.2 ms  11.1 ms

               boot  checks   admit   drain    warm    stop
  web.1 v6        -       -       -  0.06 s  10.0 s  0.20 s
  web.1 v7   0.60 s  0.20 s  0.20 s       -       -       -
  web.2 v6        -       -       -  0.40 s  8.80 s  0.80 s
  web.2 v7   0.70 s  0.40 s  0.90 s       -       -       -

  took 12.0 s, of it 384 ms overhead (neither boot, nor requests in flight, nor bake)`,
    )
  })

  it('names the causes of what was lost, what was repeated, held and cut, and its own gaps', () => {
    const [head, why, ...rest] = renderReceipt(LOSSY).split('\n')
    assert.equal(
      head,
      '41,280 requests while v7 was tried and v6 taken back · 7 lost · p99 4.1 → 4.3 → 4.2 ms',
    )
    assert.equal(why, 'returned: web.1 crashed in the bake with exit code 1.')
    assert.deepEqual(rest.slice(1, 9), [
      '  answered   2xx 41,280',
      '  lost       5  no answer came: the connection to the instance ended',
      '             2  the answer began and broke off',
      '  repeated   3 on the same instance, 2 on another instance',
      '  held       12 waited in the router for an instance, the longest 340 ms',
      '  streams    4 opened, 2 closed by the hand-over',
      '  aborted    1 by the visitor',
      '  by release v6 1,100   v7 40,180',
    ])
    assert.deepEqual(rest.slice(-3), [
      '  the router was down for 812 ms from 03:04:06 UTC',
      '  not complete: some counts come from the servers, percentiles are partial',
      '    - the control plane was down for 1.2 s',
    ])
  })

  it('claims nothing about requests that it did not see', () => {
    const nothing = { requests: 0, p50: null, p99: null, max: null }
    const { before, during, after } = RECEIPT.traffic
    const traffic = {
      ...{ ...RECEIPT.traffic, unseen: true as const, complete: false, gaps: ['Somebody else balances.'] },
      ...{ before: { ...before, ...nothing }, during: { ...during, ...nothing } },
      after: { ...after, ...nothing },
    } as const
    const text = renderReceipt({ ...RECEIPT, served: 0, lost: 0, traffic })
    assert.equal(text.split('\n')[0], 'v7 took over from v6 · its traffic was not seen')
    assert.doesNotMatch(text, /lost|answered|requests {2}/)
    assert.match(text, /nothing is proved about requests\n {4}- Somebody else balances\.$/)
  })

  it('has a first line for every outcome', () => {
    const start = (change: Partial<typeof RECEIPT>) => headline({ ...RECEIPT, ...change }).split(' · ')[0]
    assert.equal(start({ from: null }), '41,280 requests while v7 started')
    assert.equal(start({ from: 7 }), '41,280 requests while v7 was restarted')
    assert.equal(start({ served: 1 }), '1 request while v7 took over from v6')
    assert.equal(start({ outcome: 'failed' }), '41,280 requests while v7 failed to take over from v6')
    assert.equal(start({ outcome: 'failed', from: null }), '41,280 requests while v7 failed to start')
    assert.equal(
      start({ outcome: 'superseded' }),
      '41,280 requests while v7 was on its way, until a newer release overtook it',
    )
  })

  it('leaves out percentiles that nobody measured, and keeps one unit', () => {
    const none = { ...RECEIPT.traffic.after, p99: null }
    const slow = { ...RECEIPT.traffic.during, p99: 1240 }
    const text = headline({ ...RECEIPT, traffic: { ...RECEIPT.traffic, during: slow, after: none } })
    assert.equal(text.split(' · ')[2], 'p99 4.1 → 1,240 ms')
  })

  it('is the same text with colours, and lost requests are red', () => {
    const coloured = renderReceipt(LOSSY, { ...PLAIN, paint: ansi })
    assert.equal(stripVTControlCharacters(coloured), renderReceipt(LOSSY))
    assert.ok(coloured.includes('\u001b[31m7 lost\u001b[39m'))
  })

  it('has no table of windows without requests, and no line for what gets none', () => {
    const { before, during, after } = RECEIPT.traffic
    const quiet = (window: typeof before) => ({ ...window, requests: 0 })
    const none = { before: quiet(before), during: quiet(during), after: quiet(after) }
    const release = { ...RECEIPT.instances[0]!, name: 'release.7', drained: null, idle: null }
    const text = renderReceipt({ ...RECEIPT, traffic: { ...RECEIPT.traffic, ...none }, instances: [release] })
    assert.doesNotMatch(text, /before|release\.7/)
  })

  it('sets those together who hand over to each other', () => {
    const text = renderReceipt({ ...RECEIPT, instances: RECEIPT.instances.toReversed() })
    assert.equal(text, renderReceipt(RECEIPT))
  })

  it('wraps a long reason to the width of the screen', () => {
    const reason = 'web.1 never listened; its last words were: Error: connect ECONNREFUSED 127.0.0.1:5432'
    const lines = renderReceipt({ ...LOSSY, reason }, { ...PLAIN, width: 50 }).split('\n')
    assert.deepEqual(lines.slice(1, 3), [
      'returned: web.1 never listened; its last words',
      'were: Error: connect ECONNREFUSED 127.0.0.1:5432',
    ])
  })
})
