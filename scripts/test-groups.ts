/**
 * Several test files as one: a process of its own for each file costs more than most of their tests, as it loads all
 * modules again. Which test a file is of stays known.
 */
import { writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { pathToFileURL } from 'node:url'

/** Where tests start no process and change nothing of their own: no environment, no working directory. */
const SHARING = [
  'src/api/',
  'src/domain/',
  'src/forge/',
  'src/services/',
  'src/cli/render/',
  'src/text/',
  'src/observe/',
]

/** As many share a process: few enough that the cores are done at about the same time. */
const MOST = 12

/** The files of a run in their order, those that share a process as one file of `directory` that loads them. */
export function grouped(root: string, files: readonly string[], directory: string): string[] {
  const folder = (file: string) => SHARING.find((start) => relative(root, file).startsWith(start))
  const alone = files.filter((file) => folder(file) === undefined)
  const groups = SHARING.flatMap((start) => {
    const of = files.filter((file) => folder(file) === start)
    const count = Math.ceil(of.length / MOST)
    return Array.from({ length: count }, (_, index) => ({
      name: `${start.slice(0, -1).replaceAll('/', '-')}-${index + 1}.test.mjs`,
      // Every so manieth, since neighbours are alike and so as slow.
      files: of.filter((_, place) => place % count === index),
    }))
  })
  const made = groups.map(({ name, files: members }) => {
    if (members.length === 1) return members[0]!
    const path = join(directory, name)
    writeFileSync(path, loader(root, members))
    return path
  })
  return [...made, ...alone]
}

/** A file that can't be loaded is a test that fails, and the others are run all the same. */
function loader(root: string, files: readonly string[]): string {
  const list = files.map((file) => [relative(root, file), pathToFileURL(file).href])
  return `import { test } from 'node:test'
for (const [name, url] of ${JSON.stringify(list)}) {
  await import(url).catch((error) => test(\`\${name} can be loaded\`, () => Promise.reject(error)))
}
`
}
