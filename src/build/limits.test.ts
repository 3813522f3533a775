import assert from 'node:assert/strict'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { scriptPack } from './buildpacks/testing.ts'
import { TestBuilder } from './testing.ts'

const APP = { x: '', Procfile: 'web: x' }
const MIB = 2 ** 20

describe('the limits of a build', () => {
  let packs: string
  before(async () => {
    packs = await mkdtemp(join(tmpdir(), 'tasuki-packs-'))
    await chmod(packs, 0o755)
  })
  after(() => rm(packs, { recursive: true }))

  it('end one that writes too much, and keep what it wrote before', async () => {
    await using bench = await TestBuilder.open({ localBuildpacks: [packs], outputBytes: 2 * MIB })
    const loud = await scriptPack(packs, { compile: 'echo begins; yes' })
    const log: string[] = []
    const error = await bench.refusal(APP, 'build_failed', {
      buildpacks: [loud],
      log: (line) => void log.push(line),
    })
    assert.match(error.message, /wrote more than 2 MiB of output/)
    assert.ok(log.includes('begins'))
    assert.ok(log.join('\n').length <= 2 * MIB)
  })

  it('end one that uses too much memory', {
    skip: process.getuid?.() !== 0 && 'needs root',
  }, async () => {
    await using bench = await TestBuilder.open({ localBuildpacks: [packs], memoryBytes: 64 * MIB })
    const hungry = await scriptPack(packs, { compile: 'head -c 100m /dev/zero | tail | sleep 4321' })
    const error = await bench.refusal(APP, 'build_failed', { buildpacks: [hungry] })
    assert.match(error.message, /used more than 64 MiB of memory/)
  })

  it('end one that takes too long', async () => {
    await using bench = await TestBuilder.open({ localBuildpacks: [packs], buildSeconds: 1 })
    const slow = await scriptPack(packs, { compile: 'setsid sleep 4321' })
    const error = await bench.refusal(APP, 'build_failed', { buildpacks: [slow] })
    assert.match(error.message, /took longer than 1 s/)
  })
})
