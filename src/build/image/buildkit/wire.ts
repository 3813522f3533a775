import protobuf, { type Type } from 'protobufjs'

const bytes = (id: number) => ({ type: 'bytes', id })
const text = (id: number) => ({ type: 'string', id })
const many = (type: string, id: number) => ({ rule: 'repeated', type, id }) as const

/** What we need of BuildKit's messages (`api/services/control`, `session/auth`, `session/secrets`); of others the rest is passed over. */
const root = protobuf.Root.fromJSON({
  nested: {
    Status: {
      fields: { vertexes: many('Vertex', 1), logs: many('VertexLog', 3), warnings: many('Warning', 4) },
    },
    Time: { fields: { seconds: { type: 'int64', id: 1 }, nanos: { type: 'int32', id: 2 } } },
    Vertex: {
      fields: {
        digest: text(1),
        name: text(3),
        cached: { type: 'bool', id: 4 },
        started: { type: 'Time', id: 5 },
        completed: { type: 'Time', id: 6 },
        error: text(7),
      },
    },
    VertexLog: { fields: { vertex: text(1), msg: bytes(4) } },
    Warning: { fields: { short: bytes(3) } },
    CredentialsRequest: { fields: { host: text(1) } },
    CredentialsResponse: { fields: { username: text(1), secret: text(2) } },
    GetSecretRequest: { fields: { id: text(1) } },
    GetSecretResponse: { fields: { data: bytes(1) } },
  },
})

/** A message as it goes over the wire, and as we read it. */
export interface Wire<Message extends object> {
  decode(bytes: Uint8Array): Message
  encode(message: Message): Buffer
}

function wire<Message extends object>(name: string): Wire<Message> {
  const type: Type = root.lookupType(name)
  return {
    decode: (given) => type.toObject(type.decode(given), { defaults: true, arrays: true }) as Message,
    encode: (message) => Buffer.from(type.encode(type.create(message)).finish()),
  }
}

export interface Status {
  readonly vertexes: readonly Vertex[]
  readonly logs: readonly { readonly vertex: string; readonly msg: Uint8Array }[]
  readonly warnings: readonly { readonly short: Uint8Array }[]
}

/** A step of a build. */
interface Vertex {
  readonly digest: string
  readonly name: string
  readonly cached: boolean
  readonly started: object | null
  readonly completed: object | null
  readonly error: string
}

export const STATUS = wire<Status>('Status')
export const CREDENTIALS_REQUEST = wire<{ host: string }>('CredentialsRequest')
export const CREDENTIALS_RESPONSE = wire<{ username: string; secret: string }>('CredentialsResponse')
export const SECRET_REQUEST = wire<{ id: string }>('GetSecretRequest')
export const SECRET_RESPONSE = wire<{ data: Uint8Array }>('GetSecretResponse')
