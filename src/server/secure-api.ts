import type { Api } from '../api/types.ts'
import { addTls } from '../rendezvous/front.ts'
import { Rendezvous } from '../rendezvous/rendezvous.ts'
import type { ServiceLog } from '../services/context.ts'
import type { Services } from '../services/index.ts'
import type { Certificates } from '../tls/certificates.ts'

/** How often the certificate is looked at: whether it ends soon, lacks a name, or has been replaced on disk. */
const LOOK_MS = 3_600_000

/**
 * Has the API's port speak TLS too, with a certificate that is kept fresh, and leads those who come to a run there.
 * To be called before the API listens; ends with it.
 */
export function secureApi(api: Api, services: Services, certificates: Certificates, log: ServiceLog): void {
  const rendezvous = new Rendezvous(services)
  const front = addTls(api.server, certificates.current, (socket) => rendezvous.serve(socket))
  const look = async () => {
    if (!(await certificates.refresh(Date.now()))) return
    front.show(certificates.current)
    log.info({}, 'the API shows a new certificate')
  }
  const timer = setInterval(() => {
    look().catch((error) => log.warn({ error: String(error) }, 'the certificate could not be renewed'))
  }, LOOK_MS).unref()
  api.addHook('preClose', async () => {
    clearInterval(timer)
    front.close()
  })
}
