import { freePort } from '../../src/router/haproxy/free-port.ts'

/** Ports on loopback on which nobody listens and that nobody else is given, all different. */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = []
  while (ports.length < count) ports.push(await freePort())
  return ports
}
