import type { Db } from './db.ts'

export interface CollaboratorsTable {
  id: string
  appId: string
  userId: string
  createdAt: number
}

/** A user who works on somebody else's app. */
export interface Collaborator extends Readonly<CollaboratorsTable> {
  readonly email: string
}

/** Who works on an app beside its owner. */
export interface Collaborators {
  insert(collaborator: Readonly<CollaboratorsTable>): Promise<void>
  /** By e-mail address. */
  ofApp(appId: string): Promise<Collaborator[]>
  has(appId: string, userId: string): Promise<boolean>
  /** Ids of the apps that the user works on. */
  appsOf(userId: string): Promise<string[]>
  delete(appId: string, userId: string): Promise<void>
}

export function collaboratorsTable(db: Db): Collaborators {
  return {
    async insert(collaborator) {
      await db.insertInto('collaborators').values(collaborator).execute()
    },
    async ofApp(appId) {
      return await db
        .selectFrom('collaborators')
        .innerJoin('users', 'users.id', 'collaborators.userId')
        .selectAll('collaborators')
        .select('users.email')
        .where('appId', '=', appId)
        .orderBy('users.email')
        .execute()
    },
    async has(appId, userId) {
      const found = await db
        .selectFrom('collaborators')
        .select('id')
        .where('appId', '=', appId)
        .where('userId', '=', userId)
        .executeTakeFirst()
      return found !== undefined
    },
    async appsOf(userId) {
      const rows = await db.selectFrom('collaborators').select('appId').where('userId', '=', userId).execute()
      return rows.map((row) => row.appId)
    },
    async delete(appId, userId) {
      await db.deleteFrom('collaborators').where('appId', '=', appId).where('userId', '=', userId).execute()
    },
  }
}
