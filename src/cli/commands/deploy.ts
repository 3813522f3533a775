import { Args, Flags } from '@oclif/core'
import type { ApiClient } from '../client.ts'
import { appFlag, appPath, followFlags, TasukiCommand } from '../command.ts'
import { followBuild, rolloutOfBuild } from '../follow/build.ts'
import { followToReceipt } from '../follow/finish.ts'
import { goesOn, interruptible } from '../follow/interrupt.ts'
import { type ImageFlags, releaseImage } from '../image-deploy.ts'
import { packSource } from '../source.ts'
import { uploadSource } from '../upload.ts'
import type { Build } from '../wire/apps.ts'

interface FollowWish {
  readonly detach: boolean
  readonly 'allow-lost': boolean
}

export default class Deploy extends TasukiCommand {
  static override summary = 'Build a source and hand over to it without losing a request'
  static override description = [
    'PATH is a directory (default: this one), or a tarball. With --ref, that commit of the Git repository is deployed.',
    'With --image, an image that was built elsewhere is deployed, as it is now: nothing is built or uploaded.',
    'Follows the build and the hand-over live, then shows receipt and timeline. Ctrl-C leaves the deploy running.',
    'Exit codes: 6 the build failed, 7 the rollout failed or was returned (the earlier release serves on), 8 requests were lost.',
  ].join('\n')
  static override examples = [
    '<%= config.bin %> deploy -a shop',
    '<%= config.bin %> deploy ./site -a shop',
    '<%= config.bin %> deploy --ref v1.2.0 -a shop',
    '<%= config.bin %> deploy build.tgz -a shop --detach',
    '<%= config.bin %> deploy --image registry.example.com/shop:sha-4f2a91c -a shop',
  ]
  static override args = { path: Args.string({ default: '.', description: 'A directory or a tarball.' }) }
  static override flags = {
    ...appFlag,
    ref: Flags.string({ helpValue: 'REF', summary: 'A commit, tag or branch of the repository at PATH.' }),
    image: Flags.string({
      helpValue: 'IMAGE',
      exclusive: ['ref'],
      summary: 'An image: REGISTRY/REPOSITORY:TAG, or with a digest.',
    }),
    commit: Flags.string({
      dependsOn: ['image'],
      helpValue: 'SHA',
      summary: 'The commit that the image was built of. Default: what it or its tag sha-COMMIT says.',
    }),
    procfile: Flags.string({
      dependsOn: ['image'],
      helpValue: 'FILE',
      summary: 'A Procfile, when there is more to run of the image than its own command.',
    }),
    'app-json': Flags.string({
      dependsOn: ['image'],
      helpValue: 'FILE',
      summary: 'An app.json, for the image.',
    }),
    ...followFlags,
  }

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Deploy)
    const app = await this.appName(flags.app)
    const client = await this.client()
    if (flags.image !== undefined) return this.#image(client, app, { ...flags, image: flags.image })
    const build = await interruptible(
      () => 'Nothing was deployed.',
      () => this.#send(client, app, args.path, flags.ref),
    )
    if (flags.detach) {
      this.print(`Building. Look at it with \`tasuki releases -a ${app}\` and \`tasuki rollouts -a ${app}\`.`)
      return { build }
    }
    const built = await interruptible(
      () => goesOn(app),
      () => followBuild(client, app, build, (chunk) => this.#log(chunk)),
    )
    return await this.#follow(client, app, built, flags['allow-lost'])
  }

  async #image(client: ApiClient, app: string, flags: ImageFlags & FollowWish): Promise<unknown> {
    const release = await releaseImage(client, app, flags)
    this.print(`Made v${release.version}: ${release.description}`)
    const rolloutId = release.tasuki?.rollout_id ?? null
    if (flags.detach || rolloutId === null) return { release, rollout: rolloutId }
    const options = { json: this.jsonEnabled(), allowLost: flags['allow-lost'] }
    return { release, ...(await followToReceipt(client, app, rolloutId, options)) }
  }

  async #send(client: ApiClient, app: string, path: string, ref: string | undefined): Promise<Build> {
    await client.get(appPath(app))
    await using source = await packSource(path, ref)
    if (source.dirty) this.print('The files differ from the last commit; they are deployed as they are.')
    const url = await uploadSource(client, source, process.stdout, this.jsonEnabled())
    const blob = { url, ...(source.commit === null ? {} : { version: source.commit }) }
    return await client.post<Build>(appPath(app, 'builds'), { source_blob: blob })
  }

  async #follow(client: ApiClient, app: string, build: Build, allowLost: boolean): Promise<unknown> {
    const rolloutId = await rolloutOfBuild(client, app, build)
    if (rolloutId === null) {
      this.print('Built; there is nothing to hand over.')
      return { build }
    }
    const followed = await followToReceipt(client, app, rolloutId, { json: this.jsonEnabled(), allowLost })
    return { build, ...followed }
  }

  #log(chunk: Uint8Array): void {
    if (!this.jsonEnabled()) process.stdout.write(chunk)
  }
}
