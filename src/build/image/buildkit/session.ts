import { randomUUID } from 'node:crypto'
import type { Duplex } from 'node:stream'
import { Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData, status } from '@grpc/grpc-js'
import type { Login } from '../../../domain/registry.ts'
import type { ImageHost } from '../engine.ts'
import { asked, ENGINE_LIMITS } from '../engine-calls.ts'
import {
  CREDENTIALS_REQUEST,
  CREDENTIALS_RESPONSE,
  SECRET_REQUEST,
  SECRET_RESPONSE,
  type Wire,
} from './wire.ts'

/** What a build may ask for while it goes on. */
export interface BuildSecrets {
  /** For `RUN --mount=type=secret,id=NAME`: seen by that command only, and part of no layer. */
  readonly secrets: Readonly<Record<string, string>>
  /** Who may read from that registry. */
  readonly login: (registry: string) => Promise<Login | null>
}

const SECRETS = '/moby.buildkit.secrets.v1.Secrets/GetSecret'
const CREDENTIALS = '/moby.filesync.v1.Auth/Credentials'

export interface BuildSession extends Disposable {
  readonly id: string
}

/** Opens a connection to the engine on which BuildKit asks us: a gRPC server at the calling end. */
export async function openSession(host: ImageHost, given: BuildSecrets): Promise<BuildSession> {
  const id = randomUUID()
  const socket = await asked(host, 'beginning a build', ENGINE_LIMITS.look, (abortSignal) =>
    dial(host, id, abortSignal),
  )
  // Whoever follows the build learns that the host is gone; what is still written here then is nobody's loss.
  socket.on('error', () => socket.destroy())
  const server = new Server()
  server.addService(
    {
      getSecret: unary(SECRETS, SECRET_REQUEST, SECRET_RESPONSE),
      credentials: unary(CREDENTIALS, CREDENTIALS_REQUEST, CREDENTIALS_RESPONSE),
    },
    {
      getSecret: answering(async ({ id: name }: { id: string }) => {
        if (!Object.hasOwn(given.secrets, name)) return null
        return { data: Buffer.from(given.secrets[name]!) }
      }),
      credentials: answering(async ({ host: registry }: { host: string }) => {
        const login = await given.login(registry)
        return { username: login?.user ?? '', secret: login?.password ?? '' }
      }),
    },
  )
  server.createConnectionInjector(ServerCredentials.createInsecure()).injectConnection(socket)
  return {
    id,
    [Symbol.dispose]() {
      server.forceShutdown()
      socket.destroy()
    },
  }
}

function dial(host: ImageHost, id: string, abortSignal: AbortSignal): Promise<Duplex> {
  const { promise, resolve, reject } = Promise.withResolvers<Duplex>()
  const options = {
    method: 'POST',
    path: '/session',
    hijack: true,
    abortSignal,
    headers: {
      Upgrade: 'h2c',
      'X-Docker-Expose-Session-Uuid': id,
      'X-Docker-Expose-Session-Name': 'tasuki',
      'X-Docker-Expose-Session-Grpc-Method': [SECRETS, CREDENTIALS],
    },
    statusCodes: { 200: true, 500: 'server error' },
  }
  host.docker.modem.dial(options as never, (error: unknown, socket: unknown) =>
    error ? reject(error) : resolve(socket as Duplex),
  )
  return promise
}

function unary<Request extends object, Answer extends object>(
  path: string,
  asked: Wire<Request>,
  told: Wire<Answer>,
) {
  return {
    path,
    requestStream: false,
    responseStream: false,
    requestSerialize: (message: Request) => asked.encode(message),
    requestDeserialize: (bytes: Buffer) => asked.decode(bytes),
    responseSerialize: (message: Answer) => told.encode(message),
    responseDeserialize: (bytes: Buffer) => told.decode(bytes),
  } as const
}

/** Null: there is no such thing. */
function answering<Request extends object, Answer extends object>(
  answer: (asked: Request) => Promise<Answer | null>,
) {
  return (call: ServerUnaryCall<Request, Answer>, reply: sendUnaryData<Answer>) => {
    answer(call.request).then(
      (found) => (found === null ? reply({ code: status.NOT_FOUND }) : reply(null, found)),
      () => reply({ code: status.UNAVAILABLE }),
    )
  }
}
