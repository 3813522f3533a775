import { asTasukiError } from '../domain/errors.ts'
import type { Finding } from '../domain/finding.ts'
import type { App } from '../store/apps.ts'
import { artifactOf, servingOf } from '../store/wanted.ts'
import type { ServiceDeps } from './context.ts'
import { forEach } from './doctor-network.ts'
import { resolveImage } from './image-lookup.ts'

type Deps = Pick<ServiceDeps, 'store' | 'images'>

interface Served {
  readonly app: string
  readonly release: number
  readonly repository: string
  /** Of the image. */
  readonly id: string
}

/** What `latest` of a repository is now, or why that could not be learned. */
type Latest = { readonly id: string | null } | { readonly trouble: string }

/** Apps that serve another image than `latest` of its repository is now, and registries that do not answer. */
export async function imageFindings(deps: Deps, apps: readonly App[]): Promise<Finding[]> {
  const served: Served[] = []
  for (const app of apps) {
    const one = await servedBy(deps, app)
    if (one) served.push(one)
  }
  const byRepository = [...Map.groupBy(served, ({ repository }) => repository)]
  const found = await forEach(byRepository, async ([repository, own]) => {
    const latest = await latestOf(deps, repository)
    return 'trouble' in latest
      ? [silent(repository, latest.trouble)]
      : own.flatMap((one) => drift(one, latest.id))
  })
  return found.flat()
}

async function servedBy({ store }: Deps, app: App): Promise<Served | null> {
  const serving = servingOf(app)
  if (!serving) return null
  const { image } = await artifactOf(store.tables, app.id, serving)
  if (!image?.repository) return null
  return { app: app.name, release: serving.release, repository: image.repository, id: image.id }
}

async function latestOf(deps: Deps, repository: string): Promise<Latest> {
  try {
    return { id: (await resolveImage(deps, `${repository}:latest`)).found.id }
  } catch (thrown) {
    const error = asTasukiError(thrown)
    return error.code === 'invalid_params' ? { id: null } : { trouble: error.message }
  }
}

function drift({ app, release, repository, id }: Served, latest: string | null): Finding[] {
  if (latest === null || latest === id) return []
  return [
    {
      code: 'latest_drift',
      level: 'note',
      about: `app ${app}`,
      text: `v${release} serves another image than ${repository}:latest is now.`,
      next: `Deploy it with \`tasuki deploy -a ${app} --image ${repository}:latest\`, if it was not left behind on purpose.`,
    },
  ]
}

function silent(repository: string, trouble: string): Finding {
  return {
    code: 'registry_silent',
    level: 'warning',
    about: `images ${repository}`,
    text: trouble,
    next: 'What runs is not touched by it; deploys, and starts on hosts that have no copy, are. `tasuki registry` shows it.',
  }
}
