// The answer of NVIDIA's Remote Attestation Service: an overall token that names one token for each device by its digest
// (a detached EAT bundle), and the key set that signed them. Here all is signed under the development root of devices.
import { createHash } from 'node:crypto'
import { toBase64url, toHex, utf8 } from '@dcml/protocol'
import { type CertificateTemplate, issueCertificate } from '../certificate.ts'
import { fastSigner, type KeyPair } from '../keys.ts'
import type { DeviceBlueprint } from './blueprint.ts'
import { certificates, rootRoles } from './roles.ts'

/** What a token says of one device, in the service's names. */
export interface DeviceVerdict {
  name: string
  /** Serial number of the device's leaf, decimal. */
  ueid: string
  measres: string
  secboot: boolean | null
  dbgstat: string
}

/** A verdict as plain data, before anything is signed. */
export interface VerdictBlueprint {
  iss: string
  nonce: Uint8Array
  issued: Date
  good: boolean
  devices: DeviceVerdict[]
  /** Leaf and root. */
  chain: CertificateTemplate[]
  algorithm: string
  signer: KeyPair
}

const hour = 3600

/** What an honest service says of honest devices. */
export function verdictBlueprint(
  seed: Uint8Array,
  now: Date,
  nonce: Uint8Array,
  devices: readonly DeviceBlueprint[],
): VerdictBlueprint {
  const chain = certificates(seed, [
    { subject: 'DEVELOPMENT Attestation Service', label: 'nras', ca: false },
    rootRoles.device,
  ])
  const counts = { gpu: 0, switch: 0 }
  return {
    iss: 'https://nras.attestation.nvidia.com',
    nonce,
    issued: now,
    good: true,
    devices: devices.map((device) => ({
      name: `${device.kind.toUpperCase()}-${counts[device.kind]++}`,
      ueid: BigInt(`0x${toHex(device.chain[0]!.serial)}`).toString(),
      measres: 'success',
      secboot: true,
      dbgstat: 'disabled',
    })),
    chain,
    algorithm: 'ES384',
    signer: chain[0]!.key,
  }
}

/** The text that is stapled as `nras`: answer and key set. */
export function issueVerdict({
  iss,
  nonce,
  issued,
  good,
  devices,
  chain,
  algorithm,
  signer,
}: VerdictBlueprint): string {
  const iat = Math.floor(issued.getTime() / 1000)
  const common = { iss, eat_nonce: toHex(nonce), iat, nbf: iat, exp: iat + hour }
  const kid = 'development-1'
  const sign = fastSigner(signer)
  const token = (claims: object): string => {
    const [header, payload] = [{ alg: algorithm, typ: 'JWT', kid }, claims].map((part) =>
      toBase64url(utf8(JSON.stringify(part))),
    )
    return `${header}.${payload}.${toBase64url(sign(utf8(`${header}.${payload}`)))}`
  }
  const tokens = devices.map(({ name, ...claims }) => [name, token({ ...common, ...claims })] as const)
  const submods = tokens.map(([name, text]) => [
    name,
    ['DIGEST', ['SHA-256', createHash('sha256').update(text).digest('hex')]],
  ])
  const overall = token({ ...common, 'x-nvidia-overall-att-result': good, submods: Object.fromEntries(submods) })
  const x5c = chain.map((template) => Buffer.from(issueCertificate(template)).toString('base64'))
  return JSON.stringify({
    answer: [['JWT', overall], Object.fromEntries(tokens)],
    jwks: { keys: [{ kty: 'EC', crv: 'P-384', kid, alg: 'ES384', x5c }] },
  })
}
