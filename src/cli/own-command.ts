import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import { delimiter, join, resolve } from 'node:path'

const NAME = 'tasuki'
const LAUNCHER = resolve(import.meta.dirname, '../../bin', NAME)
const BUILT_LAUNCHER = resolve(import.meta.dirname, '../../../bin', NAME)

/** How a shell calls this command line: by its name where it finds it, else by the whole path of its launcher. */
export async function ownCommand(env: NodeJS.ProcessEnv = process.env): Promise<string> {
  const folders = (env.PATH ?? '').split(delimiter).filter((folder) => folder !== '')
  for (const folder of folders) if (await runs(join(folder, NAME))) return NAME
  return quoted((await runs(LAUNCHER)) ? LAUNCHER : BUILT_LAUNCHER)
}

async function runs(file: string): Promise<boolean> {
  return await access(file, constants.X_OK).then(
    () => true,
    () => false,
  )
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}
