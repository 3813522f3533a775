import { join } from 'node:path'

/** The app of the end-to-end tests. */
export const STEADY = join(import.meta.dirname, '../../apps/steady')

/** Changes with which nothing of it runs, where only its artifact is wanted. */
export const IDLE = { 'app.json': '{ "formation": { "web": { "quantity": 0 } } }' }
