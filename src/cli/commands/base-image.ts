import { TasukiCommand } from '../command.ts'
import { BASE_IMAGE, type BaseImage as Image } from '../registry.ts'

export default class BaseImage extends TasukiCommand {
  static override summary = 'Show what apps without a Dockerfile are put on, on Docker hosts'
  static override description =
    'For admins. Such an app is a tree of files, which the hosts put on this image. Without one, only apps with a Dockerfile, and images, run on Docker hosts.'
  static override examples = ['<%= config.bin %> base-image']

  async run(): Promise<Image> {
    await this.parse(BaseImage)
    const image = await (await this.client()).get<Image>(BASE_IMAGE)
    this.print(`${image.name}, as it was at ${image.set_at}: ${image.ref}`)
    return image
  }
}
