import { randomUUID } from 'node:crypto'
import { TasukiError } from '../domain/errors.ts'
import type { App } from '../store/apps.ts'
import type { Collaborator } from '../store/collaborators.ts'
import type { Tables } from '../store/tables.ts'
import type { User } from '../store/users.ts'
import { announce } from './announce.ts'
import type { ServiceDeps } from './context.ts'
import { liveApp } from './live-app.ts'
import { stableId } from './stable-id.ts'
import type { Caller } from './tokens.ts'
import type { UserService } from './users.ts'

/** Somebody with access to an app. */
export interface Member extends Collaborator {
  readonly role: 'owner' | 'collaborator'
}

/** Who works on an app. */
export class CollaboratorService {
  readonly #deps: ServiceDeps
  readonly #users: UserService

  constructor(deps: ServiceDeps, users: UserService) {
    this.#deps = deps
    this.#users = users
  }

  /** The owner first, then the others by e-mail address. */
  async list(app: App): Promise<Member[]> {
    const others = await this.#deps.store.tables.collaborators.ofApp(app.id)
    return [ownerOf(app), ...others.map((one): Member => ({ ...one, role: 'collaborator' }))]
  }

  /** By its own id, or the id or e-mail address of the user. Throws `not_found`. */
  async find(app: App, which: string): Promise<Member> {
    const found = (await this.list(app)).find(({ id, userId, email }) =>
      [id, userId, email].includes(which.toLowerCase()),
    )
    if (found) return found
    throw new TasukiError('not_found', `"${which.slice(0, 60)}" does not work on ${app.name}.`, {
      next: '`tasuki access` lists who does.',
      details: { resource: 'collaborator' },
    })
  }

  /** Lets a user (id or e-mail address) work on the app. Throws `not_found`, `name_taken`. */
  async add(app: App, user: string, by: string): Promise<Member> {
    const { id: userId, email } = await this.#users.find(user)
    const at = Date.now()
    await this.#deps.store.transaction(async (tables) => {
      const { owner } = await liveApp(tables, app.id)
      if (owner === email || (await tables.collaborators.has(app.id, userId)))
        throw new TasukiError('name_taken', `${email} has access to ${app.name} already.`, {
          next: 'Nothing was changed.',
        })
      await tables.collaborators.insert({ id: randomUUID(), appId: app.id, userId, createdAt: at })
      await record(tables, app, by, `${email} may work on ${app.name}`, at)
    })
    announce(this.#deps, app.id, `Access given to ${email} by ${by}`)
    return this.find(app, email)
  }

  /** Takes the access away again. Throws `forbidden` for the owner. */
  async remove(app: App, member: Member, by: string): Promise<void> {
    if (member.role === 'owner')
      throw new TasukiError('forbidden', `${member.email} owns ${app.name}.`, {
        next: 'Give the app to somebody else first: `tasuki access:transfer`.',
      })
    const at = Date.now()
    await this.#deps.store.transaction(async (tables) => {
      await tables.collaborators.delete(app.id, member.userId)
      await record(tables, app, by, `${member.email} may work on ${app.name} no longer`, at)
    })
    announce(this.#deps, app.id, `Access taken from ${member.email} by ${by}`)
  }

  /** Another user owns it from now on; who did works on it. Throws `not_found`. */
  async transfer(app: App, user: string, by: Caller): Promise<void> {
    const heir = await this.#users.find(user)
    if (heir.email === app.owner) return
    const at = Date.now()
    await this.#deps.store.transaction((tables) => transferApp(tables, app, heir, by, at))
    announce(this.#deps, app.id, `Transferred to ${heir.email} by ${by.email}`)
  }
}

/** The heir owns the app from now on, inside the caller's transaction; who did works on it. */
export async function transferApp(
  tables: Tables,
  app: App,
  heir: User,
  by: Pick<Caller, 'email'>,
  at: number,
): Promise<void> {
  const { owner } = await liveApp(tables, app.id)
  const before = await tables.users.byEmail(owner)
  await tables.collaborators.delete(app.id, heir.id)
  await tables.apps.change(app.id, { owner: heir.email }, at)
  if (before && before.id !== heir.id) {
    const row = { id: randomUUID(), appId: app.id, userId: before.id, createdAt: at }
    await tables.collaborators.insert(row)
  }
  await record(tables, app, by.email, `${app.name} belongs to ${heir.email}`, at)
}

/** The owner as one of those with access. */
function ownerOf(app: App): Member {
  const userId = stableId('user', app.owner)
  return {
    id: stableId('owner', app.id, userId),
    appId: app.id,
    userId,
    email: app.owner,
    createdAt: app.createdAt,
    role: 'owner',
  }
}

function record(tables: Tables, app: App, user: string, text: string, at: number): Promise<void> {
  return tables.events.add({ appId: app.id, appName: app.name, at, user, kind: 'access', text })
}
