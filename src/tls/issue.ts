import { createPrivateKey, KeyObject, randomBytes, type webcrypto, X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'

/** A certificate and its private key, both PEM. */
export interface KeyPair {
  readonly cert: string
  readonly key: string
}

const CURVE = { name: 'ECDSA', namedCurve: 'P-256' } as const
const SIGNATURE = { ...CURVE, hash: 'SHA-256' } as const
const DAY_MS = 24 * 3_600_000
const AUTHORITY_MS = 10 * 365 * DAY_MS
/** Short enough for every client. */
export const CERTIFICATE_MS = 90 * DAY_MS
/** Clocks of clients may be slow by so much. */
const SLOW_CLOCK_MS = DAY_MS
const SERVER_AUTH = '1.3.6.1.5.5.7.3.1'

/** A new authority. `name` tells people whose it is. */
export async function makeAuthority(name: string, now: number): Promise<KeyPair> {
  const x509 = await library()
  const keys = await crypto.subtle.generateKey(CURVE, true, ['sign', 'verify'])
  const cert = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(),
    name: [{ CN: [name] }],
    notBefore: new Date(now - SLOW_CLOCK_MS),
    notAfter: new Date(now + AUTHORITY_MS),
    signingAlgorithm: SIGNATURE,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  return { cert: cert.toString('pem'), key: pemOf(keys.privateKey) }
}

/** A server certificate for these host names and addresses, signed by the authority, for 90 days. */
export async function issue(authority: KeyPair, names: readonly string[], now: number): Promise<KeyPair> {
  const x509 = await library()
  const parent = new x509.X509Certificate(authority.cert)
  const keys = await crypto.subtle.generateKey(CURVE, true, ['sign', 'verify'])
  const cert = await x509.X509CertificateGenerator.create({
    serialNumber: serial(),
    subject: [{ CN: [names[0] ?? 'localhost'] }],
    issuer: parent.subjectName,
    notBefore: new Date(now - SLOW_CLOCK_MS),
    notAfter: new Date(now + CERTIFICATE_MS),
    signingAlgorithm: SIGNATURE,
    publicKey: keys.publicKey,
    signingKey: createPrivateKey(authority.key).toCryptoKey(CURVE, false, ['sign']),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([SERVER_AUTH]),
      new x509.SubjectAlternativeNameExtension(
        names.map((value) => ({ type: isIP(value) === 0 ? ('dns' as const) : ('ip' as const), value })),
      ),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(parent.publicKey),
    ],
  })
  return { cert: cert.toString('pem'), key: pemOf(keys.privateKey) }
}

/** Whether it holds for so long yet, for all these names, by that authority. */
export function suits(
  cert: string,
  wanted: { names: readonly string[]; authority: string; until: number },
): boolean {
  const read = new X509Certificate(cert)
  const holds = (name: string) => (isIP(name) === 0 ? read.checkHost(name) : read.checkIP(name)) !== undefined
  return (
    read.validToDate.getTime() >= wanted.until &&
    read.verify(new X509Certificate(wanted.authority).publicKey) &&
    wanted.names.every(holds)
  )
}

/** Loaded when it is needed, which is once in two months: it takes a tenth of a second. */
async function library() {
  await import('reflect-metadata')
  return import('@peculiar/x509')
}

function serial(): string {
  // A positive number: the first bit is a sign.
  const bytes = randomBytes(16)
  bytes[0] = (bytes[0]! & 0x7f) | 0x40
  return bytes.toString('hex')
}

function pemOf(key: webcrypto.CryptoKey): string {
  return KeyObject.from(key).export({ type: 'pkcs8', format: 'pem' }).toString()
}
