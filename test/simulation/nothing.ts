/** Does nothing, on purpose. */
export function nothing(): void {
  // There is nothing to do.
}
