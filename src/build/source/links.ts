import { posix } from 'node:path'

const MOST_STEPS = 10_000

/**
 * Whether the symbolic link at `path` leads out of the tree, followed as the kernel would: step by step, through other
 * links. `links` holds every link of the tree: its path → its target. All paths are relative to the root of the tree,
 * with slashes. A link that leads nowhere, but within the tree, is fine; an absolute target or an endless chain is not.
 */
export function leadsOut(path: string, links: ReadonlyMap<string, string>): boolean {
  const at: string[] = []
  const ahead = path.split('/')
  for (let steps = 0; ahead.length > 0; steps++) {
    if (steps > MOST_STEPS) return true
    const step = ahead.shift()!
    if (step === '' || step === '.') continue
    if (step === '..') {
      if (at.pop() === undefined) return true
      continue
    }
    const target = links.get([...at, step].join('/'))
    if (target === undefined) at.push(step)
    else if (posix.isAbsolute(target)) return true
    else ahead.unshift(...target.split('/'))
  }
  return false
}
