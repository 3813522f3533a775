import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { pktList, pktLists } from './pkt-line.ts'

async function read(chunks: readonly Buffer[]): Promise<string[][]> {
  const lists: string[][] = []
  async function* source() {
    yield* chunks
  }
  for await (const list of pktLists(source())) lists.push(list)
  return lists
}

describe("Git's framing", () => {
  it('gives back what was put in, however it is cut', async () => {
    const lists = [['version=1', 'ä line'], [], ['ok refs/heads/main']]
    const bytes = Buffer.concat(lists.map(pktList))
    assert.deepEqual(await read([bytes]), lists)
    assert.deepEqual(await read([...bytes].map((byte) => Buffer.from([byte]))), lists)
  })

  it('refuses what is none', async () => {
    for (const bad of ['zzzz', '0003', '0004', 'fffff'])
      await assert.rejects(read([Buffer.from(`${bad}        `)]), TypeError, bad)
    assert.throws(() => pktList(['x'.repeat(70_000)]), RangeError)
  })
})
