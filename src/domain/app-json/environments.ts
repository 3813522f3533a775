import { didYouMean, member, type Problems, type Unread } from './problems.ts'

/** What an app can be built for besides serving: its tests, or a review app. */
const ENVIRONMENTS = ['test', 'review'] as const

export type AppEnvironment = (typeof ENVIRONMENTS)[number]

/**
 * `environments`: for each, the keys that stand there instead of those of the document. All of it is read, whichever
 * is asked for, and what is wrong with it is told with its place in the file.
 */
export function readEnvironments<Sections>(
  value: unknown,
  problems: Problems,
  read: (document: Unread, problems: Problems) => Sections,
): ReadonlyMap<AppEnvironment, Sections> {
  const found = new Map<AppEnvironment, Sections>()
  const all = value === undefined || value === null ? {} : (problems.object(value, 'environments') ?? {})
  for (const [name, given] of Object.entries(all)) {
    const place = member('environments', name)
    const environment = ENVIRONMENTS.find((one) => one === name)
    if (environment === undefined) problems.warn(place, `is not known${didYouMean(name, ENVIRONMENTS)}`)
    else {
      const document = given === null ? {} : (problems.object(given, place) ?? {})
      const sections = problems.below(place, () => read(document, problems))
      if (Object.keys(document).length > 0) found.set(environment, sections)
    }
  }
  return found
}
