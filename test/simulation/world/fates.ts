import { ROUTABLE_TYPE } from '../../../src/domain/release.ts'
import { keyOf } from './router.ts'

/** How often instances of a release have ended badly, and when last (UTC ms; -1: never). */
export interface Fate {
  readonly count: number
  readonly last: number
}

/** What has gone wrong with each release: instances that died, fell ill, or were given up before they ever served. */
export class Fates {
  readonly #all = new Map<string, Fate>()

  add(key: string, release: number | undefined, at: number): void {
    this.#all.set(`${key} ${release}`, { count: this.of(key, release).count + 1, last: at })
  }

  of(key: string, release: number | undefined): Fate {
    return this.#all.get(`${key} ${release}`) ?? { count: 0, last: -1 }
  }

  /** Of all process types together. */
  ofApp(appId: string, release: number | undefined): Fate {
    const all = [ROUTABLE_TYPE, 'worker'].map((type) => this.of(keyOf({ appId, type }), release))
    return {
      count: all.reduce((sum, one) => sum + one.count, 0),
      last: Math.max(...all.map((one) => one.last)),
    }
  }
}
