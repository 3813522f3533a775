import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { it } from 'node:test'
import ssh2 from 'ssh2'
import { keyPairOf } from './key-pair.ts'

it('makes one key pair for each data directory, readable by its owner only', (t) => {
  const data = mkdtempSync(join(tmpdir(), 'tasuki-key-'))
  t.after(() => rmSync(data, { recursive: true }))
  const pair = keyPairOf(data)
  assert.match(pair.publicKey, /^ssh-ed25519 \S+ tasuki@\S+$/)
  const parsed = ssh2.utils.parseKey(pair.privateKey)
  assert.ok(!(parsed instanceof Error) && parsed.isPrivateKey())
  assert.equal(pair.publicKey.split(' ')[1], parsed.getPublicSSH().toString('base64'))
  assert.equal(statSync(join(data, 'ssh')).mode & 0o777, 0o700)
  assert.equal(statSync(join(data, 'ssh', 'id_ed25519')).mode & 0o777, 0o600)
  assert.deepEqual(keyPairOf(data), pair)
})
