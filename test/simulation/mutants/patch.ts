/**
 * Loaded before anything else (`--import`): patches one source file as it is read, by the mutant that the variable
 * MUTANT names. Nothing on disk changes.
 */
import { readFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { fileURLToPath } from 'node:url'
import { MUTANTS, patched } from './mutants.ts'

const mutant = MUTANTS.find((one) => one.name === process.env.MUTANT)
if (!mutant) throw new Error(`There is no mutant "${process.env.MUTANT}".`)
const target = new URL(`../../../${mutant.file}`, import.meta.url).href
const source = patched(mutant, readFileSync(fileURLToPath(target), 'utf8'))

registerHooks({
  load(url, context, nextLoad) {
    if (url !== target) return nextLoad(url, context)
    return { format: 'module-typescript', shortCircuit: true, source }
  },
})
