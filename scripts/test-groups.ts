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
  const groups = SHARING.flatMap((start) => {
    const of = files.filter((file) => folder(file) === start)
    const count = Math.ceil(of.length / MOST)
    // Every so manieth, since neighbours are alike and so as slow.
    const parts = Array.from({ length: count }, (_, part) => of.filter((_, place) => place % count === part))
    return parts
      .filter((members) => members.length > 1)
      .map((members, index) => ({ path: join(directory, nameOf(start, index)), members }))
  })
  for (const { path, members } of groups) writeFileSync(path, loader(root, members))
  const stands = (file: string) => groups.find(({ members }) => members.includes(file))?.path ?? file
  return [...new Set(files.map(stands))]
}

function nameOf(start: string, index: number): string {
  return `${start.slice(0, -1).replaceAll('/', '-')}-${index + 1}.test.mjs`
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
