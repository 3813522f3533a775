import { HaproxyTraffic } from '../traffic.ts'

/** A control plane of its own for tests that kill it: counts for the backends of the test router, obeys lines of JSON. */
const [statsSocket = '', directory = '', appPort = ''] = process.argv.slice(2)
const traffic = new HaproxyTraffic({
  statsSocket,
  directory,
  monotonic: () => performance.now(),
  outages: () => [],
})
await traffic.start(
  [{ backend: 'app', kind: 'plain', appId: 'shop', type: 'web' }],
  [
    {
      address: `127.0.0.1:${appPort}`,
      instance: 'web-1-a',
      name: 'web.1',
      release: 7,
      appId: 'shop',
      type: 'web',
    },
  ],
)
process.stdout.write('ready\n')
for await (const line of process.stdin) {
  const [verb = '', rollout = ''] = String(line).trim().split(' ')
  if (verb === 'open') await traffic.open(rollout, [{ appId: 'shop', type: 'web' }], 30_000)
  if (verb === 'switched') await traffic.switched(rollout)
  const answer = verb === 'close' ? await traffic.close(rollout) : null
  process.stdout.write(`${JSON.stringify(answer)}\n`)
}
