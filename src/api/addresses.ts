import type { FastifyRequest } from 'fastify'
import type { Secrets } from '../services/secrets.ts'

/** Where the caller reached us: what we tell it to open lies there too. */
export function baseOf(request: FastifyRequest): string {
  return `${request.protocol}://${request.host}`
}

export function buildOutput(request: FastifyRequest, secrets: Secrets, id: string): string {
  return `${baseOf(request)}/streams/builds/${id}/${secrets.make('build-output', id)}`
}

export function releaseOutput(request: FastifyRequest, secrets: Secrets, rollout: string): string {
  return `${baseOf(request)}/streams/releases/${rollout}/${secrets.make('release-output', rollout)}`
}

/** Always with TLS, which the port speaks: the `heroku` command line reads these in no other way. */
export function testOutput(request: FastifyRequest, secrets: Secrets, node: string): string {
  return `https://${request.host}/streams/tests/${node}/${secrets.make('test-output', node)}`
}

/** As `testOutput`: the build and the setup. */
export function testSetupOutput(request: FastifyRequest, secrets: Secrets, node: string): string {
  return `https://${request.host}/streams/test-setups/${node}/${secrets.make('test-output', node)}`
}

export function runAttach(request: FastifyRequest, secrets: Secrets, id: string): string {
  return `${baseOf(request)}/streams/runs/${id}/${secrets.make('run', id)}`
}

/** Where `heroku run` attaches: the port of the API, which speaks TLS too, unless the server was told another. */
export function runRendezvous(
  request: FastifyRequest,
  secrets: Secrets,
  id: string,
  advertised: string | undefined,
): string {
  return `rendezvous://${advertised ?? hostAndPort(request)}/${id}.${secrets.make('run', id)}`
}

function hostAndPort({ host, protocol }: FastifyRequest): string {
  return /:\d+$/.test(host) ? host : `${host}:${protocol === 'https' ? 443 : 80}`
}
