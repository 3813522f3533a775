// Stands for what reports errors of the command line: a call is written down as a host that it tried to reach.
import { appendFileSync } from 'node:fs'

function called() {
  appendFileSync(process.env.WITNESS_FILE, 'reports-of-errors:443\n')
}

export const captureException = called
export const flush = called
export const getClient = called
export const init = called
