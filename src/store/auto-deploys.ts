import type { Db } from './db.ts'

export interface AutoDeploysTable {
  appId: string
  /** The rule counts as long as the app is in this pipeline. */
  pipelineId: string
  branch: string
  /** Only what has passed the tests of the pipeline is deployed. */
  waitForTests: number
  /** Who made the rule: the builds and releases that come of it are this user's. */
  user: string
  createdAt: number
  updatedAt: number
}

/** An app that follows a branch of its pipeline's repository. */
export interface AutoDeploy extends Readonly<Omit<AutoDeploysTable, 'waitForTests'>> {
  readonly waitForTests: boolean
}

export interface AutoDeploys {
  ofApp(appId: string): Promise<AutoDeploy | null>
  /** Of the apps that follow the branch. */
  ofBranch(pipelineId: string, branch: string): Promise<AutoDeploy[]>
  ofPipeline(pipelineId: string): Promise<AutoDeploy[]>
  /** The app follows this branch from now on, and no other. */
  put(rule: AutoDeploy): Promise<void>
  delete(appId: string): Promise<void>
}

export function autoDeploysTable(db: Db): AutoDeploys {
  const select = () => db.selectFrom('autoDeploys').selectAll()
  const read = ({ waitForTests, ...row }: AutoDeploysTable): AutoDeploy => ({
    ...row,
    waitForTests: waitForTests === 1,
  })
  return {
    async ofApp(appId) {
      const row = await select().where('appId', '=', appId).executeTakeFirst()
      return row ? read(row) : null
    },
    async ofBranch(pipelineId, branch) {
      const rows = await select()
        .where('pipelineId', '=', pipelineId)
        .where('branch', '=', branch)
        .orderBy('createdAt')
        .execute()
      return rows.map(read)
    },
    async ofPipeline(pipelineId) {
      const rows = await select().where('pipelineId', '=', pipelineId).orderBy('createdAt').execute()
      return rows.map(read)
    },
    async put(rule) {
      const row = { ...rule, waitForTests: Number(rule.waitForTests) }
      const { pipelineId, branch, waitForTests, user, updatedAt } = row
      await db
        .insertInto('autoDeploys')
        .values(row)
        .onConflict((conflict) =>
          conflict.column('appId').doUpdateSet({ pipelineId, branch, waitForTests, user, updatedAt }),
        )
        .execute()
    },
    async delete(appId) {
      await db.deleteFrom('autoDeploys').where('appId', '=', appId).execute()
    },
  }
}
