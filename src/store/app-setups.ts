import type { Db } from './db.ts'

export interface AppSetupsTable {
  id: string
  appId: string
  appName: string
  status: 'pending' | 'succeeded' | 'failed'
  sourceUrl: string
  sourceVersion: string | null
  checksum: string | null
  buildId: string | null
  /** The run of the postdeploy script. */
  runId: string | null
  postdeployBegun: number
  /** `{output, exitCode}` once it has run. */
  postdeploy: string | null
  /** What is wrong with app.json, a list. */
  problems: string
  failure: string | null
  successUrl: string | null
  user: string
  createdAt: number
  updatedAt: number
}

/** An app on its way from a source to running. Times are UTC ms. */
export interface AppSetup
  extends Readonly<Omit<AppSetupsTable, 'postdeployBegun' | 'postdeploy' | 'problems'>> {
  /** What is wrong with app.json. */
  readonly problems: readonly string[]
  /** The postdeploy script may have run; it must not run again. */
  readonly postdeployBegun: boolean
  readonly postdeploy: { readonly output: string; readonly exitCode: number } | null
}

type Change = Partial<
  Pick<
    AppSetup,
    'status' | 'buildId' | 'runId' | 'postdeployBegun' | 'postdeploy' | 'problems' | 'failure' | 'successUrl'
  >
>

export interface AppSetups {
  insert(
    setup: Pick<
      AppSetup,
      'id' | 'appId' | 'appName' | 'sourceUrl' | 'sourceVersion' | 'checksum' | 'user' | 'createdAt'
    >,
  ): Promise<void>
  byId(id: string): Promise<AppSetup | null>
  /** Oldest first. */
  pending(): Promise<AppSetup[]>
  change(id: string, change: Change, at: number): Promise<void>
}

const START = {
  status: 'pending',
  buildId: null,
  runId: null,
  postdeployBegun: 0,
  postdeploy: null,
  problems: '[]',
  failure: null,
  successUrl: null,
} as const

export function appSetupsTable(db: Db): AppSetups {
  const select = () => db.selectFrom('appSetups').selectAll()
  return {
    async insert(setup) {
      await db
        .insertInto('appSetups')
        .values({ ...START, ...setup, updatedAt: setup.createdAt })
        .execute()
    },
    async byId(id) {
      const row = await select().where('id', '=', id).executeTakeFirst()
      return row ? asSetup(row) : null
    },
    async pending() {
      return (await select().where('status', '=', 'pending').orderBy('createdAt').execute()).map(asSetup)
    },
    async change(id, { postdeployBegun, postdeploy, problems, ...plain }, updatedAt) {
      const set = {
        ...plain,
        ...(postdeployBegun === undefined ? {} : { postdeployBegun: Number(postdeployBegun) }),
        ...(postdeploy === undefined ? {} : { postdeploy: JSON.stringify(postdeploy) }),
        ...(problems === undefined ? {} : { problems: JSON.stringify(problems) }),
        updatedAt,
      }
      await db.updateTable('appSetups').set(set).where('id', '=', id).execute()
    },
  }
}

function asSetup(row: AppSetupsTable): AppSetup {
  return {
    ...row,
    problems: JSON.parse(row.problems) as string[],
    postdeployBegun: row.postdeployBegun === 1,
    postdeploy: row.postdeploy === null ? null : (JSON.parse(row.postdeploy) as AppSetup['postdeploy']),
  }
}
