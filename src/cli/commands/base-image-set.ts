import { Args } from '@oclif/core'
import { TasukiCommand } from '../command.ts'
import { BASE_IMAGE, type BaseImage } from '../registry.ts'

export default class BaseImageSet extends TasukiCommand {
  static override summary = 'Set what apps without a Dockerfile are put on, on Docker hosts'
  static override description =
    'For admins. The image needs a shell, and what the apps need to run, such as Node. It is taken as it is now; set it again after an update of it. Instances that run stay on the old one until they are started anew.'
  static override examples = [
    '<%= config.bin %> base-image:set node:24-slim',
    '<%= config.bin %> base-image:set registry.example.com/base:2026-11',
  ]
  static override args = {
    image: Args.string({ required: true, description: 'In a registry, or on a Docker host.' }),
  }

  async run(): Promise<BaseImage> {
    const { args } = await this.parse(BaseImageSet)
    const image = await (await this.client()).put<BaseImage>(BASE_IMAGE, { image: args.image })
    this.print(`Apps without a Dockerfile are put on ${image.name}: ${image.ref}`)
    return image
  }
}
