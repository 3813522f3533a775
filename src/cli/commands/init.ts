import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Flags } from '@oclif/core'
import { TasukiError } from '../../domain/errors.ts'
import { appName } from '../../domain/names.ts'
import { appFlag, TasukiCommand } from '../command.ts'
import { checkedBranch, checkedImage, checkedPath } from '../init/checked.ts'
import { githubWorkflow } from '../init/github.ts'
import { gitlabWorkflow } from '../init/gitlab.ts'
import { currentBranch, githubName, hasFile, projectRoot, tasukiSource } from '../init/project.ts'
import type { ImageTarget, Workflow, WorkflowTarget } from '../init/target.ts'

interface Result {
  readonly written: boolean
  readonly files: readonly Workflow[]
}

type Forge = 'github' | 'gitlab'

export default class Init extends TasukiCommand {
  static override summary = 'Write a workflow that deploys each push to main'
  static override description = [
    'With --github a workflow of GitHub Actions, with --gitlab a pipeline of GitLab; it can also be started by hand.',
    'With a Dockerfile, CI builds the image, pushes it as `latest` and `sha-COMMIT`, and deploys that image. Without one, or',
    'with --source, it deploys the source, which the server builds. Names the secrets that it reads; asks no server.',
    'A file that is there already is left as it is, unless --force is given.',
  ].join('\n')
  static override examples = [
    '<%= config.bin %> init --github -a shop',
    '<%= config.bin %> init --gitlab --image registry.example.com/acme/shop -a shop',
    '<%= config.bin %> init --github --source --branch release -a shop --dry-run',
  ]
  static override flags = {
    ...appFlag,
    github: Flags.boolean({ summary: 'Write .github/workflows/deploy.yml.' }),
    gitlab: Flags.boolean({ summary: 'Write .gitlab-ci.yml.' }),
    branch: Flags.string({
      char: 'b',
      helpValue: 'BRANCH',
      summary: 'Whose pushes deploy. Default: the one that is checked out, else main.',
    }),
    image: Flags.string({
      helpValue: 'NAME',
      exclusive: ['source'],
      summary:
        'Where CI pushes the image, with its registry. Default: the registry of GitHub or GitLab itself.',
    }),
    dockerfile: Flags.string({
      helpValue: 'PATH',
      exclusive: ['source'],
      summary: 'What CI builds the image from. Default: Dockerfile.',
    }),
    source: Flags.boolean({ summary: 'Deploy the source, also where there is a Dockerfile.' }),
    tasuki: Flags.string({
      helpValue: 'REPO@REF',
      summary:
        'Where the jobs get Tasuki from: OWNER/NAME@REF or URL@REF. Default: what this copy was cloned from.',
    }),
    force: Flags.boolean({ char: 'f', summary: 'Overwrite what is there.' }),
    'dry-run': Flags.boolean({ summary: 'Show the files, and write nothing.' }),
  }

  async run(): Promise<Result> {
    const { flags } = await this.parse(Init)
    const forges = (['github', 'gitlab'] as const).filter((forge) => flags[forge])
    if (forges.length === 0)
      throw new TasukiError('bad_request', 'What the workflow is for was not said.', {
        next: 'Add --github or --gitlab.',
      })
    const root = await projectRoot(process.cwd())
    const app = appName(await this.appName(flags.app))
    const branch = checkedBranch(flags.branch ?? (await currentBranch(root)) ?? 'main')
    const tasuki = await tasukiSource(flags.tasuki)
    const files: Workflow[] = []
    for (const forge of forges) {
      const image = await imageFor(forge, root, flags)
      files.push(workflow(forge, { app, branch, image, tasuki }))
    }
    if (flags['dry-run']) this.#show(files)
    else await this.#write(root, files, flags.force)
    return { written: !flags['dry-run'], files }
  }

  #show(files: readonly Workflow[]): void {
    for (const { path, text } of files) this.print(`# ${path}`, text)
  }

  /** All or none: what stands in the way of one keeps the others from being written. */
  async #write(root: string, files: readonly Workflow[], force: boolean): Promise<void> {
    const there: string[] = []
    for (const { path, text } of files) {
      const old = await readFile(join(root, path), 'utf8').catch(() => null)
      if (old !== null && old !== text) there.push(path)
    }
    if (there.length > 0 && !force)
      throw new TasukiError('conflict', `${there.join(' and ')} is there already; nothing was written.`, {
        next: 'Look at the difference with --dry-run; --force overwrites it.',
      })
    for (const { path, text } of files) {
      await mkdir(dirname(join(root, path)), { recursive: true })
      await writeFile(join(root, path), text)
      this.print(`Wrote ${path}.`)
    }
    this.print('It reads these secrets:', ...secretLines(files))
    this.print('Commit and push: the push is the first deploy.')
  }
}

function workflow(forge: Forge, target: WorkflowTarget): Workflow {
  if (forge === 'gitlab') return gitlabWorkflow(target)
  if (target.tasuki.github !== null) return githubWorkflow(target)
  throw new TasukiError('bad_request', `${target.tasuki.url} is not at GitHub, where an action must be.`, {
    next: 'Name a copy of Tasuki there: `--tasuki OWNER/NAME@REF`.',
  })
}

interface ImageFlags {
  readonly image?: string | undefined
  readonly dockerfile?: string | undefined
  readonly source: boolean
}

async function imageFor(forge: Forge, root: string, flags: ImageFlags): Promise<ImageTarget | null> {
  const dockerfile = checkedPath(flags.dockerfile ?? 'Dockerfile')
  const there = await hasFile(root, dockerfile)
  const asked = flags.image !== undefined || flags.dockerfile !== undefined
  if (flags.source || (!there && !asked)) return null
  if (!there)
    throw new TasukiError('invalid_params', `There is no ${dockerfile} to build an image from.`, {
      next: 'Name it with --dockerfile, or leave --image out: then the source is deployed.',
    })
  if (flags.image !== undefined) return { name: checkedImage(flags.image), login: 'own', dockerfile }
  return { name: await ownRegistry(forge, root), login: 'forge', dockerfile }
}

async function ownRegistry(forge: Forge, root: string): Promise<string> {
  if (forge === 'gitlab') return '$CI_REGISTRY_IMAGE'
  const name = await githubName(root)
  if (name !== null) return checkedImage(`ghcr.io/${name.toLowerCase()}`)
  throw new TasukiError(
    'bad_request',
    'This repository has no remote `origin` at GitHub to name the image by.',
    {
      next: 'Name it: `--image ghcr.io/OWNER/NAME`, or one in another registry.',
    },
  )
}

function secretLines(files: readonly Workflow[]): string[] {
  const secrets = new Map(files.flatMap((file) => file.secrets).map((secret) => [secret.name, secret]))
  return [...secrets.values()].map(
    ({ name, what, needed }) => `  ${name.padEnd(18)} ${what}${needed ? '' : ' (if need be)'}`,
  )
}
