import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { TasukiError } from '../../domain/errors.ts'

/** Throws TasukiError `setup_missing` where processes can not be told apart, or a tool is missing. */
export function checkMachine(tools: readonly string[]): void {
  if (!existsSync('/proc/self/stat'))
    throw new TasukiError('setup_missing', 'Running apps as processes needs Linux with /proc.')
  const missing = tools.filter((tool) => !isThere(tool))
  if (missing.length > 0)
    throw new TasukiError(
      'setup_missing',
      `Running apps as processes needs ${missing.join(' and ')}, part of util-linux.`,
    )
}

function isThere(tool: string): boolean {
  try {
    execFileSync('/bin/sh', ['-c', `command -v ${tool}`], { stdio: 'ignore' })
    return true
  } catch (error) {
    if (typeof (error as { status?: unknown }).status === 'number') return false
    throw error
  }
}
