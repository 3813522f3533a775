/**
 * Loaded before anything else (`--import`): patches one source file as it is read, by the mutant that the variable
 * MUTANT names. Nothing on disk changes.
 */
import { readFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { fileURLToPath } from 'node:url'
import { MUTANTS } from './mutants.ts'

const mutant = MUTANTS.find((one) => one.name === process.env.MUTANT)
if (!mutant) throw new Error(`There is no mutant "${process.env.MUTANT}".`)
const { file, find, replace } = mutant
const target = new URL(`../../../${file}`, import.meta.url).href

if (readFileSync(fileURLToPath(target), 'utf8').split(find).length !== 2)
  throw new Error(`The patch of "${mutant.name}" does not fit ${file} once: bring it up to date.`)

registerHooks({
  load(url, context, nextLoad) {
    if (url !== target) return nextLoad(url, context)
    const source = readFileSync(fileURLToPath(url), 'utf8').replace(find, () => replace)
    return { format: 'module-typescript', shortCircuit: true, source }
  },
})
