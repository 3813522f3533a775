import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

const FOLDER = join(import.meta.dirname, 'migrations')

/** The database; one in memory, as tests and review apps have it, is made whole at once. */
export function openDatabase(file) {
  const database = new DatabaseSync(file, { timeout: 5000 })
  if (file === ':memory:') migrate(database)
  return database
}

/** Applies what has not been applied yet, each file whole or not at all; returns their names. */
export function migrate(database) {
  const applied = []
  const { user_version: present } = database.prepare('PRAGMA user_version').get()
  const files = readdirSync(FOLDER).sort()
  files.slice(present).forEach((name, index) => {
    database.exec('BEGIN IMMEDIATE')
    try {
      database.exec(readFileSync(join(FOLDER, name), 'utf8'))
      database.exec(`PRAGMA user_version = ${present + index + 1}; COMMIT`)
    } catch (error) {
      database.exec('ROLLBACK')
      throw error
    }
    applied.push(name)
  })
  return applied
}
