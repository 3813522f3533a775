import type { Db } from './db.ts'
import type { Seal } from './seal.ts'

export interface PipelineRepositoriesTable {
  pipelineId: string
  kind: 'github'
  /** `owner/name`. */
  fullName: string
  /** What the forge knows it by, whatever it is renamed to; null until the forge has said. */
  remoteId: string | null
  /** `RepositorySecrets`. */
  sealed: Uint8Array
  /** E-mail address of who connected it. */
  user: string
  createdAt: number
  updatedAt: number
}

/** The repository elsewhere that a pipeline is connected to. A pipeline without one has Tasuki's own Git. */
export interface PipelineRepository extends Readonly<Omit<PipelineRepositoriesTable, 'sealed'>> {
  readonly secrets: RepositorySecrets
}

interface RepositorySecrets {
  /** What the forge signs its webhooks with. */
  readonly webhook: string
  /** What lets us in there; null: public things alone, and nothing is reported. */
  readonly token: string | null
}

export interface PipelineRepositories {
  of(pipelineId: string): Promise<PipelineRepository | null>
  /** In the place of any other that the pipeline had. */
  put(repository: PipelineRepository): Promise<void>
  /** Repeatable. */
  delete(pipelineId: string): Promise<void>
}

export function pipelineRepositoriesTable(db: Db, seal: Seal): PipelineRepositories {
  const context = (pipelineId: string) => `repository:${pipelineId}`
  return {
    async of(pipelineId) {
      const row = await db
        .selectFrom('pipelineRepositories')
        .selectAll()
        .where('pipelineId', '=', pipelineId)
        .executeTakeFirst()
      if (!row) return null
      const { sealed, ...rest } = row
      return { ...rest, secrets: JSON.parse(seal.open(sealed, context(pipelineId))) as RepositorySecrets }
    },
    async put({ secrets, ...rest }) {
      const row = { ...rest, sealed: seal.close(JSON.stringify(secrets), context(rest.pipelineId)) }
      await db.replaceInto('pipelineRepositories').values(row).execute()
    },
    async delete(pipelineId) {
      await db.deleteFrom('pipelineRepositories').where('pipelineId', '=', pipelineId).execute()
    },
  }
}
