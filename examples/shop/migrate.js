import { migrate, openDatabase } from './database.js'

/** The release phase: it runs once for each release, before anything of it serves. */
const file = process.env.DATABASE
if (file === ':memory:') console.log('migrate: each instance has a database of its own')
else {
  const applied = migrate(openDatabase(file))
  console.log(`migrate: ${applied.join(', ') || 'nothing'} applied`)
}
