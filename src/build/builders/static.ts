import type { AppBuilder, Source } from './builder.ts'

/** Folders that are served when they hold an index.html and app.json names none. */
const USUAL_ROOTS = ['public', 'dist']

/** A site of plain files, served by a small file server that becomes part of the slug. */
export const staticBuilder: AppBuilder = {
  name: 'static',
  version: 1,
  runsCommands: false,
  detect: (source) => staticRootOf(source) !== null,
  processTypes: () => ({}),
  async build(_source, bench) {
    bench.log('-----> Static site: nothing to build')
    return null
  },
}

/** The folder that is served, relative to the root of the app: what app.json says, else where an index.html lies. */
export function staticRootOf(source: Source): string | null {
  if (source.staticRoot !== null) return source.staticRoot
  if (source.names.has('index.html')) return '.'
  return USUAL_ROOTS.find((folder) => source.indexFolders.has(folder)) ?? null
}
