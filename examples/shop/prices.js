/** What a number of shoes costs together, in cents. */
export function total(shoes) {
  return shoes.reduce((sum, { cents }) => sum + cents, 0)
}
