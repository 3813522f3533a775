import { type ImageConfig, imageConfig } from '../../domain/image-config.ts'
import { engineError, type ImageHost, isNotFound } from './engine.ts'

/** What a host has under a name. */
export interface LocalImage {
  readonly id: string
  /** Bytes. */
  readonly size: number
  readonly config: ImageConfig
}

/** Null: the host has no such image. */
export async function findImage(host: ImageHost, name: string): Promise<LocalImage | null> {
  try {
    const { Id, Size, Config } = await host.docker.getImage(name).inspect()
    return { id: Id, size: Size, config: imageConfig(Config) }
  } catch (error) {
    if (isNotFound(error)) return null
    throw engineError(host, 'looking for an image', error)
  }
}
