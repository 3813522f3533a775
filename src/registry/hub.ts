/** Where images are that name no registry. */
export const DOCKER_HUB = 'docker.io'

/** Its own images have no owner in their names, but in their paths. `path` begins with the repository. */
export function hubRepository(path: string): string {
  const [first = '', second = ''] = path.split('/')
  const own = second === '' || ['manifests', 'blobs', 'tags'].includes(second)
  return first !== '' && own ? `library/${path}` : path
}
