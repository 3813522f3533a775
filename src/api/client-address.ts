import type { FastifyRequest } from 'fastify'

/**
 * Where a call comes from. Behind a proxy on this machine, it is what the proxy has seen (the last word of
 * `X-Forwarded-For`); from anywhere else that header could say anything, and counts nothing.
 */
export function addressOf(request: FastifyRequest): string {
  const peer = request.ip
  if (!isLoopback(peer)) return peer
  const forwarded = request.headers['x-forwarded-for']
  const seen = (Array.isArray(forwarded) ? forwarded.at(-1) : forwarded)?.split(',').at(-1)?.trim()
  return seen?.slice(0, 100) || peer
}

function isLoopback(address: string): boolean {
  return address === '::1' || /^(::ffff:)?127\./.test(address)
}
