import { keyUsage, OID } from '../certificate.ts'
import * as der from '../der.ts'
import { type DeviceBlueprint, emptyCrl, revocable } from '../nvidia/blueprint.ts'
import { extendedKeyUsage, type OcspTemplate } from '../nvidia/ocsp.ts'
import { type GpuAttack, gpuEvidence, gpuPlan } from './gpu-forge.ts'

const hour = 3_600_000

/** Which certificate each of a device's OCSP responses is about, in their order. */
const SUBJECTS = ['boot ROM', 'provisioner', 'family', 'RIM signer', 'RIM issuer', 'RIM CA'] as const

/** An attack on the response about the device's own certificate. */
const response = (
  name: string,
  targets: string,
  bend: (ocsp: OcspTemplate, gpu: DeviceBlueprint, stranger: DeviceBlueprint) => void,
): GpuAttack => gpuPlan(name, targets, (gpu, stranger) => bend(gpu.ocsp[0]!, gpu, stranger))

/** Statements that are no statements. */
const forms: readonly GpuAttack[] = [
  gpuEvidence('revocation statement of garbage', 'gpu_revocation_format', ({ revocations }) => ({
    revocations: [new Uint8Array(300).fill(0xde), ...revocations.slice(1)],
  })),
  gpuEvidence('bytes behind an OCSP response', 'gpu_revocation_format', ({ revocations: [first, ...others] }) => ({
    revocations: [Uint8Array.from([...first!, 0]), ...others],
  })),
  response('OCSP responder that asks to try later', 'gpu_revocation_format', (ocsp) => {
    ocsp.responseStatus = 3
  }),
  response('OCSP response with an unknown critical extension', 'gpu_revocation_format', (ocsp) => {
    ocsp.extensions.push({ oid: '1.3.6.1.4.1.58888.1.99', critical: true, value: der.boolean(true) })
  }),
  response(
    'OCSP response that names its certificate by SHA-1',
    'gpu_revocation_format',
    ({ statements: [statement] }) => {
      statement!.hash = 'sha1'
    },
  ),
  response('OCSP response without an end', 'gpu_revocation_format', ({ statements: [statement] }) => {
    statement!.nextUpdate = undefined
  }),
  response('OCSP response signed with SHA-256', 'gpu_revocation_format', (ocsp) => {
    ocsp.hash = { named: 'sha256', used: 'sha256' }
  }),
  gpuPlan('CRL that covers some reasons only', 'gpu_revocation_format', (gpu) => {
    const crl = emptyCrl(revocable(gpu.chain)[1]!, gpu.ocsp[0]!.producedAt)
    const someReasons = der.sequence(der.implicit(3, Uint8Array.of(6, 0x40)))
    gpu.crls = [{ ...crl, extensions: [...crl.extensions, { oid: '2.5.29.28', critical: true, value: someReasons }] }]
  }),
]

/** Statements by others than the issuer and its delegates. */
const signers: readonly GpuAttack[] = [
  response('OCSP response signed by a stranger', 'gpu_revocation_signature', (ocsp, _, stranger) => {
    ocsp.signer = stranger.ocsp[0]!.signer
  }),
  response('OCSP responder certified by a stranger', 'gpu_revocation_signature', (ocsp, _, stranger) => {
    ocsp.responder = stranger.ocsp[0]!.responder
    ocsp.signer = stranger.ocsp[0]!.signer
  }),
  response('OCSP responder that was never allowed to answer', 'gpu_revocation_signature', ({ responder }) => {
    responder!.extensions = responder!.extensions.filter(({ oid }) => oid !== '2.5.29.37')
  }),
  response('OCSP responder certified for servers', 'gpu_revocation_signature', ({ responder }) => {
    responder!.extensions = responder!.extensions.map((old) =>
      old.oid === '2.5.29.37' ? extendedKeyUsage('1.3.6.1.5.5.7.3.1') : old,
    )
  }),
  response('OCSP responder that may not sign data', 'gpu_revocation_signature', ({ responder }) => {
    responder!.extensions = responder!.extensions.map((old) =>
      old.oid === OID.keyUsage ? keyUsage('signCertificatesOnly') : old,
    )
  }),
  response('OCSP responder with an expired certificate', 'gpu_revocation_signature', ({ responder }) => {
    responder!.notAfter = responder!.notBefore
  }),
  response('OCSP response by the responder of another CA', 'gpu_revocation_signature', (ocsp, gpu) => {
    ocsp.responder = gpu.ocsp[1]!.responder
    ocsp.signer = gpu.ocsp[1]!.signer
  }),
  response('OCSP response by the very device', 'gpu_revocation_signature', (ocsp, gpu) => {
    ocsp.responder = gpu.chain[1]
    ocsp.signer = gpu.chain[1]!.key
  }),
  gpuPlan('CRL signed by a stranger', 'gpu_revocation_signature', (gpu, stranger) => {
    const crl = emptyCrl(revocable(gpu.chain)[1]!, gpu.ocsp[0]!.producedAt)
    gpu.crls = [{ ...crl, signer: stranger.chain[2]!.key }]
  }),
  ...(['sha256', 'sha384'] as const).map((named) =>
    gpuPlan(`CRL that names ${named} and is signed with another hash`, 'gpu_revocation_signature', (gpu) => {
      const crl = emptyCrl(revocable(gpu.chain)[1]!, gpu.ocsp[0]!.producedAt)
      gpu.crls = [{ ...crl, hash: { named, used: named === 'sha256' ? 'sha384' : 'sha256' } }]
    }),
  ),
]

/** Certificates that were revoked. */
const revoked: readonly GpuAttack[] = [
  gpuPlan('boot ROM revoked (OCSP), beside an earlier response that says good', 'gpu_not_revoked', ({ ocsp }) => {
    ocsp.push(structuredClone(ocsp[0]!))
    ocsp[0]!.statements[0]!.status = 'revoked'
  }),
  ...SUBJECTS.map((name, i) =>
    gpuPlan(`${name} revoked (OCSP)`, 'gpu_not_revoked', ({ ocsp }) => {
      ocsp[i]!.statements[0]!.status = 'revoked'
    }),
  ),
  ...SUBJECTS.map((name, i) =>
    gpuPlan(`${name} revoked (CRL), beside an OCSP response that says good`, 'gpu_not_revoked', (gpu) => {
      const pair = [...revocable(gpu.chain.slice(1)), ...revocable(gpu.rimChain)][i]!
      gpu.crls = [{ ...emptyCrl(pair, gpu.ocsp[0]!.producedAt), revoked: [Uint8Array.of(1), pair[0].serial] }]
    }),
  ),
]

/** Certificates of which nobody says now that they are good. */
const unknown: readonly GpuAttack[] = [
  gpuPlan('no revocation statement at all', 'gpu_revocation_current', (gpu) => {
    gpu.ocsp = []
  }),
  ...SUBJECTS.map((name, i) =>
    gpuPlan(`no revocation statement about the ${name}`, 'gpu_revocation_current', (gpu) => {
      gpu.ocsp = gpu.ocsp.toSpliced(i, 1)
    }),
  ),
  response('OCSP responder that does not know the device', 'gpu_revocation_current', ({ statements: [statement] }) => {
    statement!.status = 'unknown'
  }),
  response(
    'OCSP response about another device',
    'gpu_revocation_current',
    ({ statements: [statement] }, _, stranger) => {
      statement!.serial = stranger.chain[1]!.serial
    },
  ),
  response(
    'OCSP response about another issuer’s certificate',
    'gpu_revocation_current',
    ({ statements: [statement] }, _, stranger) => {
      statement!.issuerKey = stranger.chain[2]!.key
    },
  ),
  response('OCSP response expired', 'gpu_revocation_current', ({ statements: [statement] }) => {
    statement!.nextUpdate = statement!.thisUpdate
  }),
  response('OCSP response from the future', 'gpu_revocation_current', ({ statements: [statement] }) => {
    statement!.thisUpdate = statement!.nextUpdate!
    statement!.nextUpdate = new Date(statement!.thisUpdate.getTime() + 24 * hour)
  }),
  response(
    'OCSP response good for a year, and three days old',
    'gpu_revocation_current',
    ({ statements: [statement] }) => {
      statement!.thisUpdate = new Date(statement!.thisUpdate.getTime() - 72 * hour)
      statement!.nextUpdate = new Date(statement!.thisUpdate.getTime() + 365 * 24 * hour)
    },
  ),
  gpuPlan('CRL good for a month, and three days old', 'gpu_revocation_current', (gpu) => {
    const [, bootRom] = revocable(gpu.chain)
    const crl = emptyCrl(bootRom!, gpu.ocsp[0]!.producedAt)
    gpu.ocsp = gpu.ocsp.slice(1)
    gpu.crls = [{ ...crl, thisUpdate: new Date(crl.thisUpdate.getTime() - 72 * hour) }]
  }),
  gpuPlan('CRL expired', 'gpu_revocation_current', (gpu) => {
    const [, bootRom] = revocable(gpu.chain)
    const crl = emptyCrl(bootRom!, gpu.ocsp[0]!.producedAt)
    gpu.ocsp = gpu.ocsp.slice(1)
    gpu.crls = [{ ...crl, nextUpdate: crl.thisUpdate }]
  }),
]

export const gpuRevocationAttacks: readonly GpuAttack[] = [...forms, ...signers, ...revoked, ...unknown]
