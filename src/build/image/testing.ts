import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { TestContext } from 'node:test'
import type { HostName, Lab } from '../../../test/lab/lab.ts'
import type { BuildRequest } from '../../domain/build.ts'
import { type DockerHost, openDockerHost } from '../../runtime/docker/host.ts'

/** A shell and its tools, 2 MB, so that what is built on it is quickly moved. `putBase` brings it to a host. */
export const BASE = 'lab/tiny'

const TOOLS = ['sh', 'cat', 'echo', 'grep', 'head', 'ls', 'sleep', 'touch', 'true', 'wc']

/** Past SSH. */
export async function putBase(lab: Lab, host: HostName): Promise<void> {
  const links = TOOLS.map((tool) => `ln -s busybox $tree/bin/${tool}`).join('; ')
  await lab.exec(
    host,
    `tree=$(mktemp -d); mkdir $tree/bin $tree/tmp; cp /bin/busybox $tree/bin/; ${links}; tar -C $tree -c . | docker import -c 'ENV PATH=/bin' - ${BASE} >/dev/null; rm -r $tree`,
  )
}

/** A host of the lab over SSH, as production reaches it. */
export function hostOf(lab: Lab, name: HostName): DockerHost {
  const row = { id: `id-${name}`, name, url: lab.url(name), privateAddress: lab.address(name), hostKey: null }
  return openDockerHost(row, { privateKey: readFileSync(lab.keyFile, 'utf8') })
}

/** A directory with those files, removed after the test. */
export function treeOf(t: TestContext, files: Readonly<Record<string, string>>): string {
  const dir = mkdtempSync(join(tmpdir(), 'tasuki-image-'))
  t.after(() => rmSync(dir, { recursive: true, force: true }))
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, name)), { recursive: true })
    writeFileSync(join(dir, name), text)
  }
  return dir
}

/** What a build is given, with its log. */
export function requestFor(more: Partial<BuildRequest> = {}): BuildRequest & { readonly lines: string[] } {
  const lines: string[] = []
  return {
    appId: 'app-a',
    source: { tarball: '/nowhere' },
    commit: 'c0ffee1',
    env: {},
    buildpacks: null,
    log: (line) => lines.push(line),
    signal: new AbortController().signal,
    lines,
    ...more,
  }
}

/** What a container of that image writes when it runs this command. */
export async function outputOf(
  lab: Lab,
  host: HostName,
  image: string,
  command: string,
  env: readonly string[] = [],
): Promise<string> {
  const options = env.flatMap((one) => ['--env', one])
  return lab.docker(host, 'run', '--rm', '--user', '1000', ...options, image, '/bin/sh', '-c', command)
}
