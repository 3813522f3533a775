import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { Header } from 'tar'
import { engineError, followed, type ImageHost } from './engine.ts'
import { asked, ENGINE_LIMITS } from './engine-calls.ts'
import { withContainer } from './work-container.ts'

/** Where engines look for the authorities of registries; read anew for each connection. */
const FOLDER = '/etc/docker/certs.d'
const EMPTY = { repo: 'tasuki/empty', tag: '1' }
const BLOCK = 512

/**
 * Makes a host's engine trust the authority of a registry. Whoever may use the engine may do that, by a container that is never started
 * and has the engine's folder of authorities. Written anew where it is there.
 */
export async function introduceRegistry(host: ImageHost, registry: string, authority: string): Promise<void> {
  const what = `learning to trust the registry ${registry}`
  try {
    const answer = await asked(host, what, ENGINE_LIMITS.begin, (abortSignal) =>
      host.docker.importImage(Readable.from([archive([])]), { ...EMPTY, abortSignal }),
    )
    await followed(host, what, answer)
    const file = archive([{ path: `${registry}/ca.crt`, content: Buffer.from(authority) }])
    const options = {
      name: `tasuki-registry-${createHash('sha256').update(registry).digest('hex').slice(0, 24)}`,
      Image: `${EMPTY.repo}:${EMPTY.tag}`,
      Cmd: ['none'],
      Labels: { 'tasuki.work': 'registry' },
      HostConfig: { Binds: [`${FOLDER}:/certs`], NetworkMode: 'none' },
    }
    await withContainer(host, options, what, (container) =>
      asked(host, what, ENGINE_LIMITS.change, (abortSignal) =>
        container.putArchive(file, { path: '/certs', abortSignal }),
      ),
    )
  } catch (error) {
    throw engineError(host, what, error)
  }
}

function archive(files: readonly { readonly path: string; readonly content: Buffer }[]): Buffer {
  const parts = files.flatMap(({ path, content }) => {
    const header = new Header({
      path,
      size: content.length,
      mode: 0o644,
      type: 'File',
      mtime: new Date(),
      uid: 0,
      gid: 0,
    })
    const block = Buffer.alloc(BLOCK)
    header.encode(block)
    return [block, content, Buffer.alloc((BLOCK - (content.length % BLOCK)) % BLOCK)]
  })
  return Buffer.concat([...parts, Buffer.alloc(2 * BLOCK)])
}
