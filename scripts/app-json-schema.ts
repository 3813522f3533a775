import { writeFileSync } from 'node:fs'
import { appJsonSchema } from '../src/domain/app-json/schema.ts'

/** Writes the published schema anew, after a change of the settings that app.json takes. */
const file = new URL('../docs/app-json.schema.json', import.meta.url)
writeFileSync(file, `${JSON.stringify(appJsonSchema(), null, 2)}\n`)
console.log(`Wrote ${file.pathname}`)
