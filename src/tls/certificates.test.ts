import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, statSync, unlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { connect, createServer, type TlsOptions } from 'node:tls'
import { Certificates } from './certificates.ts'
import { ownNames } from './names.ts'

const DAY = 24 * 3_600_000

function folder(t: TestContext): string {
  const data = mkdtempSync(join(tmpdir(), 'tasuki-tls-'))
  t.after(() => rmSync(data, { recursive: true }))
  return data
}

const own = (data: string, names: readonly string[] = ['localhost', '127.0.0.1', '::1']) =>
  Certificates.open({ data, files: null, names: () => names })

/** Whether a client that trusts `ca` accepts what the server shows for that name. */
async function accepted(shown: TlsOptions, ca: string, name: string): Promise<boolean> {
  const server = createServer(shown, (socket) => socket.end())
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as { port: number }
  try {
    return await new Promise((resolve) => {
      const options = /^[\d.:]+$/.test(name) ? { host: name } : { host: '127.0.0.1', servername: name }
      const socket = connect({ ...options, port, ca }, () => resolve(true))
      socket.on('error', () => resolve(false)).resume()
    })
  } finally {
    server.close()
  }
}

test('a client that trusts the authority accepts the server by each of its names, and by no other', async (t) => {
  const { current, authority } = await own(folder(t), ['localhost', '127.0.0.1', 'deploy.example.test'])
  const ca = authority!.certificate
  for (const name of ['127.0.0.1', 'localhost', 'deploy.example.test'])
    assert.equal(await accepted(current, ca, name), true, name)
  assert.equal(await accepted(current, ca, 'other.example.test'), false)
  assert.equal(await accepted(current, (await own(folder(t))).authority!.certificate, '127.0.0.1'), false)
})

const OPENSSL = spawnSync('openssl', ['version']).status === 0

test('another implementation verifies the chain too', { skip: !OPENSSL && 'no openssl here' }, async (t) => {
  const data = folder(t)
  const { current } = await own(data)
  writeFileSync(join(data, 'shown.pem'), current.cert)
  const said = execFileSync('openssl', ['verify', '-x509_strict', '-CAfile', 'ca.pem', 'shown.pem'], {
    cwd: data,
  })
  assert.match(String(said), /shown\.pem: OK/)
})

test('authority and certificate outlast the control plane, and only the owner can read the keys', async (t) => {
  const data = folder(t)
  const first = await own(data)
  const again = await own(data)
  assert.deepEqual([again.current, again.authority], [first.current, first.authority])
  for (const name of ['ca.key', 'tls.pem']) assert.equal(statSync(join(data, name)).mode & 0o777, 0o600)
  assert.doesNotMatch(readFileSync(join(data, 'ca.pem'), 'utf8'), /PRIVATE/)
})

test('a certificate is renewed a month before its end, by the same authority', async (t) => {
  const made = await own(folder(t))
  const { cert } = made.current
  const { validToDate } = new X509Certificate(cert)
  assert.equal(await made.refresh(validToDate.getTime() - 31 * DAY), false)
  assert.equal(await made.refresh(validToDate.getTime() - 29 * DAY), true)
  const renewed = new X509Certificate(made.current.cert)
  assert.ok(renewed.validToDate.getTime() > validToDate.getTime() + 50 * DAY)
  assert.ok(renewed.verify(new X509Certificate(made.authority!.certificate).publicKey))
})

test('a new name of the server gets a new certificate', async (t) => {
  const names = ['localhost']
  const made = await Certificates.open({ data: folder(t), files: null, names: () => names })
  assert.equal(await made.refresh(Date.now()), false)
  names.push('10.1.2.3')
  assert.equal(await made.refresh(Date.now()), true)
  assert.ok(new X509Certificate(made.current.cert).checkIP('10.1.2.3'))
})

test('an authority whose key is gone is not made anew behind the clients’ backs', async (t) => {
  const data = folder(t)
  await own(data)
  unlinkSync(join(data, 'ca.key'))
  await assert.rejects(own(data), { code: 'setup_missing' })
  unlinkSync(join(data, 'ca.pem'))
  assert.ok((await own(data)).authority)
})

test('given files are shown, read again when they change, and refused when they do not fit', async (t) => {
  const data = folder(t)
  const [one, two] = [(await own(folder(t))).current, (await own(folder(t))).current]
  const files = { cert: join(data, 'cert.pem'), key: join(data, 'key.pem') }
  const given = { data, files, names: () => [] }
  await assert.rejects(Certificates.open(given), { code: 'invalid_params' })
  writeFileSync(files.cert, one.cert)
  writeFileSync(files.key, two.key)
  await assert.rejects(Certificates.open(given), { code: 'invalid_params' })
  writeFileSync(files.key, one.key)
  const made = await Certificates.open(given)
  assert.deepEqual([made.current, made.authority], [one, null])
  writeFileSync(files.cert, two.cert)
  await assert.rejects(made.refresh(Date.now()), { code: 'invalid_params' })
  assert.deepEqual(made.current, one)
  writeFileSync(files.key, two.key)
  assert.equal(await made.refresh(Date.now()), true)
  assert.deepEqual(made.current, two)
})

test('the names of this machine are loopback, given names and addresses, and none that means all', () => {
  const names = ownNames(['0.0.0.0', '::', 'deploy.example.test', 'not a name', '127.0.0.1'])
  for (const name of ['localhost', '127.0.0.1', '::1', 'deploy.example.test']) assert.ok(names.includes(name))
  for (const name of ['0.0.0.0', '::', 'not a name']) assert.ok(!names.includes(name))
  assert.equal(new Set(names).size, names.length)
})
