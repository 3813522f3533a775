/** Writes docs/openapi.json anew: `node scripts/openapi.ts`. */
import { writeFileSync } from 'node:fs'
import { createApi } from '../src/api/create.ts'
import { documentText, noServices } from '../src/api/openapi.ts'
import { VERSION } from '../src/version.ts'

const api = await createApi(noServices(), { version: VERSION, log: console })
await api.ready()
writeFileSync(new URL('../docs/openapi.json', import.meta.url), documentText(api.swagger()))
