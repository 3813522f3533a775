import { randomUUID } from 'node:crypto'
import { TasukiError } from '../domain/errors.ts'
import type { AppTransfer } from '../store/app-transfers.ts'
import type { App } from '../store/apps.ts'
import type { AccessService } from './access.ts'
import type { AppService } from './apps.ts'
import type { CollaboratorService } from './collaborators.ts'
import type { ServiceDeps } from './context.ts'
import type { Caller } from './tokens.ts'
import type { UserService } from './users.ts'

interface Parts {
  readonly access: AccessService
  readonly apps: AppService
  readonly collaborators: CollaboratorService
  readonly users: UserService
}

/** Giving an app to another user, who is to agree first. */
export class AppTransferService {
  readonly #deps: ServiceDeps
  readonly #parts: Parts

  constructor(deps: ServiceDeps, parts: Parts) {
    this.#deps = deps
    this.#parts = parts
  }

  get #table() {
    return this.#deps.store.tables.appTransfers
  }

  /** Those that the caller has begun or is to answer; of an admin all. Newest first. */
  async list(caller: Caller): Promise<AppTransfer[]> {
    return (await this.#table.all()).filter((one) => concerns(caller, one))
  }

  /** By id, or the id or name of the app for what is not answered yet. Throws `not_found`. */
  async find(caller: Caller, which: string): Promise<AppTransfer> {
    const found = (await this.#table.byId(which)) ?? (await this.#ofApp(which))
    if (found && concerns(caller, found)) return found
    throw new TasukiError('not_found', `There is no app transfer "${which.slice(0, 60)}".`, {
      next: 'GET /account/app-transfers lists yours.',
      details: { resource: 'app_transfer' },
    })
  }

  /** Offers an app that the caller owns to that user. Throws `not_found`, `forbidden`, `invalid_params`, `conflict`. */
  async offer(caller: Caller, app: App, to: string): Promise<AppTransfer> {
    this.#parts.access.requireOwner(caller, app)
    const recipient = (await this.#parts.users.find(to)).email
    if (recipient === app.owner)
      throw new TasukiError('invalid_params', `${app.name} belongs to ${recipient} already.`)
    const at = Date.now()
    const id = randomUUID()
    const times = { createdAt: at, updatedAt: at }
    await this.#deps.store.transaction(async ({ appTransfers }) => {
      if (await appTransfers.pending(app.id))
        throw new TasukiError('conflict', `${app.name} has been offered to somebody already.`, {
          next: 'Delete that app transfer first.',
        })
      await appTransfers.insert({
        id,
        appId: app.id,
        owner: app.owner,
        recipient,
        state: 'pending',
        ...times,
      })
    })
    return (await this.#table.byId(id))!
  }

  /** What whom it was offered to says to it. Throws `forbidden`, `conflict` when it has been answered. */
  async answer(caller: Caller, transfer: AppTransfer, state: 'accepted' | 'declined'): Promise<AppTransfer> {
    if (!caller.admin && caller.email !== transfer.recipient)
      throw new TasukiError('forbidden', `Only ${transfer.recipient} can answer this.`, {
        next: 'Wait for the answer, or delete the app transfer.',
      })
    if (transfer.state !== 'pending')
      throw new TasukiError('conflict', `The app transfer has been ${transfer.state} already.`, {
        next: 'Offer the app anew.',
      })
    const app = await this.#parts.apps.find(transfer.appId)
    if (state === 'accepted') await this.#parts.collaborators.transfer(app, transfer.recipient, caller)
    await this.#table.settle(transfer.id, state, Date.now())
    return this.find(caller, transfer.id)
  }

  /** Takes the offer back. Throws `forbidden`. */
  async takeBack(caller: Caller, transfer: AppTransfer): Promise<void> {
    if (!caller.admin && caller.email !== transfer.owner)
      throw new TasukiError('forbidden', `Only ${transfer.owner} can take this back.`, {
        next: 'Decline it.',
      })
    await this.#table.delete(transfer.id)
  }

  async #ofApp(idOrName: string): Promise<AppTransfer | null> {
    const { apps } = this.#deps.store.tables
    const app = (await apps.byName(idOrName)) ?? (await apps.byId(idOrName))
    return app && this.#table.pending(app.id)
  }
}

function concerns(caller: Caller, { owner, recipient }: AppTransfer): boolean {
  return caller.admin || caller.email === owner || caller.email === recipient
}
