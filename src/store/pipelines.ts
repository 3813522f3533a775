import type { Stage } from '../domain/pipeline.ts'
import type { Db } from './db.ts'

export interface PipelinesTable {
  id: string
  name: string
  /** E-mail address. */
  owner: string
  createdAt: number
  updatedAt: number
}

export interface CouplingsTable {
  id: string
  pipelineId: string
  appId: string
  stage: Stage
  createdAt: number
  updatedAt: number
}

export type Pipeline = Readonly<PipelinesTable>
/** Which app stands at which stage of which pipeline. An app is in one pipeline at most. */
export type Coupling = Readonly<CouplingsTable>

/** Pipelines and what stands in them. */
export interface Pipelines {
  insert(pipeline: Pipeline): Promise<void>
  byId(id: string): Promise<Pipeline | null>
  byName(name: string): Promise<Pipeline | null>
  /** By name. */
  all(): Promise<Pipeline[]>
  rename(id: string, name: string, at: number): Promise<void>
  setOwner(id: string, owner: string, at: number): Promise<void>
  /** With its couplings and promotions; the apps stay. */
  delete(id: string): Promise<void>
  /** All that belonged to `from` belongs to `to`. */
  changeOwner(from: string, to: string): Promise<void>
}

export function pipelinesTable(db: Db): Pipelines {
  const select = () => db.selectFrom('pipelines').selectAll()
  return {
    async insert(pipeline) {
      await db.insertInto('pipelines').values(pipeline).execute()
    },
    byId: async (id) => (await select().where('id', '=', id).executeTakeFirst()) ?? null,
    byName: async (name) => (await select().where('name', '=', name).executeTakeFirst()) ?? null,
    all: () => select().orderBy('name').execute(),
    async rename(id, name, updatedAt) {
      await db.updateTable('pipelines').set({ name, updatedAt }).where('id', '=', id).execute()
    },
    async setOwner(id, owner, updatedAt) {
      await db.updateTable('pipelines').set({ owner, updatedAt }).where('id', '=', id).execute()
    },
    async delete(id) {
      await db.deleteFrom('pipelines').where('id', '=', id).execute()
    },
    async changeOwner(from, to) {
      await db.updateTable('pipelines').set({ owner: to }).where('owner', '=', from).execute()
    },
  }
}

export interface Couplings {
  insert(coupling: Coupling): Promise<void>
  byId(id: string): Promise<Coupling | null>
  ofApp(appId: string): Promise<Coupling | null>
  /** In the order in which they were made. */
  ofPipeline(pipelineId: string): Promise<Coupling[]>
  all(): Promise<Coupling[]>
  setStage(id: string, stage: Coupling['stage'], at: number): Promise<void>
  delete(id: string): Promise<void>
  removeApp(appId: string): Promise<void>
}

export function couplingsTable(db: Db): Couplings {
  const select = () => db.selectFrom('couplings').selectAll().orderBy('createdAt').orderBy('id')
  return {
    async insert(coupling) {
      await db.insertInto('couplings').values(coupling).execute()
    },
    byId: async (id) => (await select().where('id', '=', id).executeTakeFirst()) ?? null,
    ofApp: async (appId) => (await select().where('appId', '=', appId).executeTakeFirst()) ?? null,
    ofPipeline: (pipelineId) => select().where('pipelineId', '=', pipelineId).execute(),
    all: () => select().execute(),
    async setStage(id, stage, updatedAt) {
      await db.updateTable('couplings').set({ stage, updatedAt }).where('id', '=', id).execute()
    },
    async delete(id) {
      await db.deleteFrom('couplings').where('id', '=', id).execute()
    },
    async removeApp(appId) {
      await db.deleteFrom('couplings').where('appId', '=', appId).execute()
    },
  }
}
