import type { AppRouter } from '../wire.ts'

/** Through what visitors reach an app, for people. */
export function routerLines(
  app: string,
  { external, admission_seconds, removal_seconds }: AppRouter,
): string[] {
  if (external === null) return [`Visitors reach ${app} through our own router.`]
  const { interval_seconds, timeout_seconds, rise, fall, margin_seconds, ports } = external
  return [
    `Visitors reach ${app} through an external balancer, at port ${ports.join(', ')} of each host.`,
    `  checks every ${interval_seconds} s, for at most ${timeout_seconds} s; in after ${rise} passed, out after ${fall} failed; margin ${margin_seconds} s`,
    `  an instance serves ${admission_seconds} s after it first passes, and gets nothing ${removal_seconds} s after it was told to go`,
  ]
}
