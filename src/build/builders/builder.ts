import type { Toolchain } from '../toolchain/toolchain.ts'

/** A source that has been unpacked and looked at, before anything of it has run. */
export interface Source {
  /** Root of the tree; becomes the slug. */
  readonly dir: string
  /** Process types of the Procfile; null without one. */
  readonly procfile: Readonly<Record<string, string>> | null
  /** `tasuki.static` of app.json. */
  readonly staticRoot: string | null
  /** Parsed package.json; null without one. */
  readonly packageJson: PackageJson | null
  /** Names of the files and folders in the root. */
  readonly names: ReadonlySet<string>
  /** Folders of the root that hold an index.html. */
  readonly indexFolders: ReadonlySet<string>
}

/** The parts of package.json that a build looks at. */
export interface PackageJson {
  readonly scripts: Readonly<Record<string, string>>
  readonly dependencies: Readonly<Record<string, string>>
  readonly devDependencies: Readonly<Record<string, string>>
  readonly optionalDependencies: Readonly<Record<string, string>>
  readonly engines: Readonly<Record<string, string>>
  readonly hasWorkspaces: boolean
  readonly raw: Readonly<Record<string, unknown>>
}

/** What a builder may do while it builds. */
export interface Bench {
  readonly toolchain: Toolchain
  /** Config vars. */
  readonly config: Readonly<Record<string, string>>
  /** Home of the build's user: empty at first, gone afterwards. */
  readonly home: string
  /** Folder of this app for what makes its next build quicker; belongs to the build's user. */
  readonly cacheDir: string
  /** Lines of the build log. A heading begins with `-----> `, what belongs to it is indented. */
  readonly log: (line: string) => void
  /**
   * Runs a command in the source with the build's user and environment. Throws `build_failed` when its status is not 0,
   * `disk_full` when there was no space left. `around` is what really runs, when something stands around it.
   */
  readonly run: (argv: Argv, around?: Argv) => Promise<void>
  /** Runs a command in the source with the build's user and just that environment; resolves with its exit status. */
  readonly exec: (step: Step) => Promise<number>
  /** Where commands find the source. */
  readonly root: string
  /** Id of the build, for its tools' own logs. */
  readonly id: string
  readonly commit: string | null
  /** A folder beside the source that only this build has. */
  readonly place: (name: 'packs' | 'config' | 'cache') => string
  /** Variables that every command has, such as those that it needs to reach the network. */
  readonly base: Readonly<Record<string, string>>
  readonly temp: string
}

export type Argv = readonly [string, ...string[]]

export interface Step {
  readonly argv: Argv
  readonly env: Readonly<Record<string, string>>
  readonly log: (line: string) => void
  /** Takes the lines of standard output instead of `log`. */
  readonly answer?: (line: string) => void
}

/** What only is known once it has been built. */
export interface Built {
  /** Process type → command, without regard to the Procfile. */
  readonly defaults: Readonly<Record<string, string>>
  /** Config vars for an app that has none of that name when it is released for the first time. */
  readonly config: Readonly<Record<string, string>>
  /** Environment of each instance. */
  readonly env: Readonly<Record<string, string>>
  /** What ran last, when it is one of our own builders. */
  readonly last: AppBuilder | null
}

/** Makes a slug of one kind of source. */
export interface AppBuilder {
  readonly name: string
  /** Rises when the same source would give another slug; part of the cache key. */
  readonly version: number
  /** Whether commands of the source run, so that the config vars belong to what the slug depends on. */
  readonly runsCommands: boolean
  /** Whether commands run in a file system of their own, and the slug at `/app`, where the server can do that. */
  readonly atAppPath?: boolean
  detect(source: Source): boolean
  /** Process type → command, besides a web for static files. */
  processTypes(source: Source): Readonly<Record<string, string>>
  /** Works in the source's folder; what is there afterwards is the slug. What it returns, if anything, counts instead of `processTypes`. */
  build(source: Source, bench: Bench): Promise<Built | null>
}
