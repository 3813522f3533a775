import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { lookAtMachine, machineFrom } from './machine.ts'
import { shellOf } from './shell.ts'

describe('what a machine says of itself', () => {
  it('is read whole from this one', async () => {
    const machine = await lookAtMachine(shellOf(null), '/tmp')
    assert.equal(machine.uid, process.getuid?.())
    assert.ok(machine.groups.length > 0 && machine.kernel !== '' && machine.system !== '')
    assert.ok(machine.memory !== null && machine.memory.availableBytes <= machine.memory.totalBytes)
    const [root] = machine.disks
    assert.ok(root && root.path === '/' && root.freeBytes <= root.totalBytes && root.totalBytes > 0)
    assert.ok(machine.clockAheadMs !== null && Math.abs(machine.clockAheadMs) <= machine.clockWithinMs + 50)
  })

  it('leaves out what the machine lacks the tools for', () => {
    const machine = machineFrom(
      'user x\nuid 7\ngroups x docker\nsystem Linux\nkernel 6.1\nsocket denied\ndockerd no\n',
    )
    assert.deepEqual(machine, {
      ...{ user: 'x', uid: 7, groups: ['x', 'docker'], system: 'Linux', kernel: '6.1', addresses: [] },
      ...{ memory: null, disks: [], socket: 'denied', hasDockerd: false },
    })
  })

  it('has each disk once, no limit of inodes where there is none, and no addresses of bridges', () => {
    const text = [
      'disk 1000 400 /',
      'inodes 0 0 /',
      'disk 1000 400 /',
      'inodes 0 0 /',
      'disk 2000 100 /mnt/my disk',
      'address eth0 10.0.0.11',
      'address docker0 172.17.0.1',
      'address eth0 fe80::1',
    ].join('\n')
    const { disks, addresses } = machineFrom(text)
    assert.deepEqual(disks[0], { path: '/', totalBytes: 1_024_000, freeBytes: 409_600, freeInodes: null })
    assert.equal(disks.length, 2)
    assert.deepEqual(addresses, ['10.0.0.11', 'fe80::1'])
  })
})
