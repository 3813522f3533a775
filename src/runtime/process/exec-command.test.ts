import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { describe, it } from 'node:test'
import { withExec } from './exec-command.ts'

describe('exec before a command', () => {
  for (const [command, expected] of [
    ['node server.js', 'exec node server.js'],
    ['  npm start ', 'exec npm start'],
    ['./bin/web -p $PORT "a b"', 'exec ./bin/web -p $PORT "a b"'],
    ['NODE_ENV=production A=1 node .', 'NODE_ENV=production A=1 exec node .'],
  ] as const) {
    it(`is put where it belongs: ${command}`, () => assert.equal(withExec(command), expected))
  }

  for (const command of [
    'a && b',
    'a; b',
    'cd x',
    '. ./env',
    'if true',
    'a | b',
    'a\nb',
    '$CMD x',
    '"my app" x',
    '(a)',
    'exec a',
    '',
    'a $(b)',
    'A="x y" node',
  ]) {
    it(`is left out of ${JSON.stringify(command)}`, () => assert.equal(withExec(command), command))
  }

  it('works in sh with assignments before it', () => {
    const command = withExec('A=1 B=2 printenv A')
    assert.equal(command, 'A=1 B=2 exec printenv A')
    assert.equal(execFileSync('sh', ['-c', command], { encoding: 'utf8' }), '1\n')
  })
})
