import { existsSync } from 'node:fs'
import { layoutOf, NAME_SEPARATOR } from './layout.ts'
import { specPath } from './stored-spec.ts'

const FILE = new RegExp(`^(.+)${NAME_SEPARATOR}([a-z0-9-]+)\\.log$`)

/** Where this runtime's instances leave their output, for those who read it: `DIRECTORY/APP/NAME~ID.log`. */
export function rawLogsOf(data: string) {
  const layout = layoutOf(data)
  return {
    directory: layout.rawLogs,
    parse: (file: string) => {
      const [, dyno, instance] = FILE.exec(file) ?? []
      return dyno && instance ? { dyno, instance } : null
    },
    exists: (instance: string) => existsSync(specPath(layout, instance)),
  }
}
