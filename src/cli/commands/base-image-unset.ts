import { TasukiCommand } from '../command.ts'
import { BASE_IMAGE, type BaseImage } from '../registry.ts'

export default class BaseImageUnset extends TasukiCommand {
  static override summary = 'Put apps without a Dockerfile on no image any more'
  static override description =
    'For admins. What runs, runs on; without a base image, only apps with a Dockerfile can be started on Docker hosts.'
  static override examples = ['<%= config.bin %> base-image:unset']

  async run(): Promise<BaseImage> {
    await this.parse(BaseImageUnset)
    const client = await this.client()
    const image = await client.get<BaseImage>(BASE_IMAGE)
    await client.delete(BASE_IMAGE)
    this.print('There is no base image any more.')
    return image
  }
}
