/** Whether a file operation failed only because there is no such file. */
export function isGone(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code
  return code === 'ENOENT' || code === 'ENOTDIR'
}
