import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { advanced, type BranchHead, type BranchStep } from './push-order.ts'

/** Pushes on top of each other, one a second. */
function chain(length: number, pushedAt: (index: number) => number): BranchStep[] {
  return Array.from({ length }, (_, at) => ({
    from: at === 0 ? null : `c${at - 1}`,
    to: `c${at}`,
    pushedAt: pushedAt(at),
    committedAt: null,
  }))
}

function headAfter(steps: readonly BranchStep[]): string | null | undefined {
  let head: BranchHead | null = null
  for (const step of steps) ({ head } = advanced(head, step))
  return head?.sha
}

test('whatever the order in which pushes are told, the branch ends at the last one', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 12 }), fc.infiniteStream(fc.nat()), (length, chance) => {
      const steps = chain(length, (at) => at * 1000)
      const keys = new Map(steps.map((step) => [step, chance.next().value]))
      const shuffled = steps.toSorted((a, b) => keys.get(a)! - keys.get(b)!)
      assert.equal(headAfter(shuffled), `c${length - 1}`)
    }),
  )
})

test('of two pushes within one second the one that builds on the other wins', () => {
  const [first, second, third] = chain(3, () => 5000) as [BranchStep, BranchStep, BranchStep]
  assert.equal(headAfter([first, second, third]), 'c2')
  assert.equal(headAfter([second, first, third]), 'c2')
  assert.equal(headAfter([third, second, first]), 'c2')
  const back = { ...second, from: 'c1', to: 'c0' }
  assert.equal(headAfter([first, second, back]), 'c0')
})

test('within one second, where nothing leads from one to the other, the younger commit wins', () => {
  const at = (to: string, committedAt: number) => ({ from: `before ${to}`, to, pushedAt: 1000, committedAt })
  assert.equal(headAfter([at('young', 2000), at('old', 1000)]), 'young')
  assert.equal(headAfter([at('old', 1000), at('young', 2000)]), 'young')
})

test('a branch that was deleted stays so when an older push is told late', () => {
  const pushed = { from: null, to: 'a', pushedAt: 1000, committedAt: null }
  const gone = { from: 'a', to: null, pushedAt: 2000, committedAt: null }
  assert.equal(headAfter([gone, pushed]), null)
  assert.equal(headAfter([gone, { ...pushed, pushedAt: 3000 }]), 'a')
})

test('going back to an earlier commit counts when it came later', () => {
  const [first, second] = chain(2, (at) => at * 1000) as [BranchStep, BranchStep]
  const back = { from: 'c1', to: 'c0', pushedAt: 5000, committedAt: null }
  assert.equal(headAfter([first, second, back]), 'c0')
})
