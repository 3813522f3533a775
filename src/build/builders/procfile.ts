import type { AppBuilder, Source } from './builder.ts'

/** Anything with a Procfile: the source runs as it is. */
export const procfileBuilder: AppBuilder = {
  name: 'procfile',
  version: 1,
  runsCommands: false,
  detect: (source: Source) => source.procfile !== null,
  processTypes: (source: Source) => source.procfile ?? {},
  async build(_source, bench) {
    bench.log('-----> Nothing to build')
    return null
  },
}
