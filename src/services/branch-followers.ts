import type { Tables } from '../store/tables.ts'

/** Names of the apps that are deployed by themselves when that branch of the app's pipeline moves, its review app among them. */
export async function branchFollowers(tables: Tables, appId: string, branch: string): Promise<string[]> {
  const coupling = await tables.couplings.ofApp(appId)
  if (coupling === null || (await tables.pipelineRepositories.of(coupling.pipelineId)) !== null) return []
  const { pipelineId } = coupling
  const rules = await tables.autoDeploys.ofBranch(pipelineId, branch)
  const apps = await Promise.all(rules.map((rule) => tables.apps.byId(rule.appId)))
  const reviews = (await tables.reviewApps.present(pipelineId)).filter(
    (row) => row.branch === branch && row.gone === null && row.sourceUrl === null,
  )
  return [...reviews.map(({ appName }) => appName), ...apps.map((app) => app?.name)].filter(
    (name) => typeof name === 'string',
  )
}
