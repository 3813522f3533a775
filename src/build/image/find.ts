import { type ImageConfig, imageConfig } from '../../domain/image-config.ts'
import { engineError, type ImageHost, isNotFound } from './engine.ts'
import { inspected } from './engine-calls.ts'

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
    const { Id, Size, Config } = await inspected(host, name)
    return { id: Id, size: Size, config: imageConfig(Config) }
  } catch (error) {
    if (isNotFound(error)) return null
    throw engineError(host, 'looking for an image', error)
  }
}
