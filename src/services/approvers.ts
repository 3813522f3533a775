import type { Stage } from '../domain/pipeline.ts'
import type { StageRules } from '../domain/stage-rules.ts'
import type { Tables } from '../store/tables.ts'

/** Who has to approve before something comes to a stage. */
export interface Approvers {
  /** E-mail addresses of who may approve, whoever asked left out unless that counts. */
  readonly may: readonly string[]
  /** How many of them have to. */
  readonly needed: number
}

/**
 * Who may approve of a promotion to these apps at a stage, as its rules and the access to the apps are now: those that the
 * rules name; else everybody who has access to all of the apps.
 */
export async function approversOf(
  tables: Tables,
  { pipelineId, stage, user }: { pipelineId: string; stage: Stage; user: string },
  targets: readonly string[],
): Promise<Approvers> {
  const rules: StageRules = await tables.stages.rules(pipelineId, stage)
  const all = rules.approvers.length > 0 ? rules.approvers : await withAccess(tables, targets)
  const may = rules.allowSelf ? all : all.filter((one) => one !== user)
  return { may: may.toSorted(), needed: Math.max(1, rules.approvals) }
}

async function withAccess(tables: Tables, appIds: readonly string[]): Promise<string[]> {
  const admins = (await tables.users.all()).filter(({ admin }) => admin).map(({ email }) => email)
  const members: string[][] = []
  for (const id of appIds) {
    const app = await tables.apps.byId(id)
    if (app === null) continue
    members.push([app.owner, ...(await tables.collaborators.ofApp(id)).map(({ email }) => email)])
  }
  const [first = [], ...rest] = members
  return [...new Set([...admins, ...first.filter((one) => rest.every((others) => others.includes(one)))])]
}
