import { basicConstraints, type CertificateTemplate, type Extension, keyUsage, OID } from '../certificate.ts'
import * as der from '../der.ts'
import { pemChain } from '../issue.ts'
import { deriveKey } from '../keys.ts'
import type { DeviceBlueprint } from '../nvidia/blueprint.ts'
import { OPAQUE } from '../nvidia/spdm.ts'
import { type GpuAttack, type GpuForgery, gpuEvidence, gpuPlan } from './gpu-forge.ts'

const chainsOf = { chain: 'gpu_chain', rimChain: 'gpu_rim_chain' } as const
const noun = { chain: 'device', rimChain: 'RIM' } as const

const replaceExtension = (certificate: CertificateTemplate, oid: string, by?: Extension): void => {
  certificate.extensions = certificate.extensions.flatMap((old) => (old.oid === oid ? (by ? [by] : []) : [old]))
}

/** The same flaw in the chain of a device and in that of its RIMs. */
const inBoth = (
  name: string,
  bend: (certificates: CertificateTemplate[], stranger: CertificateTemplate[]) => void,
  forgery: GpuForgery = {},
): GpuAttack[] =>
  (['chain', 'rimChain'] as const).map((which) =>
    gpuPlan(
      `${noun[which]} chain ${name}`,
      chainsOf[which],
      (gpu, stranger) => bend(gpu[which], stranger[which]),
      forgery,
    ),
  )

/** Chains that are no chains. Positions are counted from the leaf. */
const broken: readonly GpuAttack[] = [
  gpuPlan(
    'device chain of six: firmware that certified another key',
    'gpu_chain',
    (gpu) => {
      const sixth = delegate(gpu)
      const [leaf] = gpu.chain
      leaf!.extensions.push(basicConstraints(true))
      replaceExtension(leaf!, OID.keyUsage, keyUsage('signCertificates'))
      gpu.chain.unshift(sixth)
      gpu.reportSigner = sixth.key
    },
    { demands: { revocation: 'off' } },
  ),
  ...inBoth('with a leaf signed by a stranger', ([leaf], [, issuer]) => {
    leaf!.signer = issuer!.key
  }),
  ...inBoth('with a leaf of another issuer name', ([leaf]) => {
    leaf!.issuer = 'DEVELOPMENT nobody'
  }),
  ...inBoth('with an issuer signed by a stranger', (chain, strangers) => {
    chain[1]!.signer = strangers[2]!.key
  }),
  ...inBoth('whose issuer is no CA', ([, issuer]) => {
    replaceExtension(issuer!, OID.basicConstraints, basicConstraints(false))
  }),
  ...inBoth('whose issuer may not sign certificates', ([, issuer]) => {
    replaceExtension(issuer!, OID.keyUsage, keyUsage('signData'))
  }),
  ...inBoth('that is longer than a CA in it allows', (chain) => {
    replaceExtension(chain.at(-2)!, OID.basicConstraints, basicConstraints(true, 0))
  }),
  ...inBoth('with an expired leaf', ([leaf]) => {
    leaf!.notAfter = leaf!.notBefore
  }),
  ...inBoth('with an expired CA', (chain) => {
    chain.at(-2)!.notAfter = chain.at(-2)!.notBefore
  }),
  ...inBoth('that is not yet valid', ([leaf]) => {
    leaf!.notBefore = leaf!.notAfter
  }),
  ...inBoth(
    'with an expired root',
    (chain) => {
      chain.at(-1)!.notAfter = chain.at(-1)!.notBefore
    },
    { ownRoots: true },
  ),
  ...inBoth('with an unknown critical extension', ([leaf]) => {
    leaf!.extensions.push({ oid: '1.3.6.1.4.1.58888.1.99', critical: true, value: der.boolean(true) })
  }),
  gpuPlan('RIM signed by the OCSP responder of the CA of RIMs', 'gpu_rim_chain', (gpu) => {
    const ofSigner = gpu.ocsp[3]!
    gpu.rimChain[0] = ofSigner.responder!
    for (const rim of gpu.rims) rim.signer = ofSigner.signer
    ofSigner.statements[0]!.serial = ofSigner.responder!.serial
  }),
  ...inBoth('whose leaf may not sign data', ([leaf]) => {
    replaceExtension(leaf!, OID.keyUsage, keyUsage('signCertificates'))
  }),
]

/** Certificates that are no certificates, or of another PKI's kind. */
const forms: readonly GpuAttack[] = [
  gpuEvidence('device certificates that are no PEM', 'gpu_certificates', () => ({ certificates: 'none' })),
  gpuEvidence('device certificates that are no DER', 'gpu_certificates', () => ({
    certificates: pemChain(new Uint8Array(700)),
  })),
  gpuPlan('device with a key on P-256', 'gpu_certificates', (gpu) => {
    gpu.chain[0]!.key = deriveKey(new Uint8Array(1), 'small')
  }),
  gpuPlan('device certified with the hash of CRLs', 'gpu_certificates', (gpu) => {
    gpu.chain[0]!.hash = { named: 'sha256', used: 'sha256' }
  }),
]

/** A victim that gives one list of roots, whoever's they are. */
const rootsInOneList = (attack: GpuAttack): GpuAttack => ({
  ...attack,
  mint: (simulator) => {
    const forged = attack.mint(simulator)
    const all = [...forged.roots.device, ...forged.roots.rim]
    return { ...forged, roots: { device: all, rim: all } }
  },
})

/** Roots that the victim does not trust, or that hide what they are. */
const roots: readonly GpuAttack[] = [
  gpuPlan('device of a stranger’s whole PKI', 'gpu_root_pinned', (gpu, stranger) => {
    gpu.chain = stranger.chain
    gpu.reportSigner = stranger.reportSigner
    gpu.ocsp = [...stranger.ocsp.slice(0, 3), ...gpu.ocsp.slice(3)]
  }),
  gpuPlan('device root of the same name with another key', 'gpu_root_pinned', (gpu, stranger) => {
    gpu.chain.splice(4, 1, stranger.chain[4]!)
  }),
  gpuEvidence('device chain without its root', 'gpu_root_pinned', ({ certificates }) => ({
    certificates: certificates
      .split(/(?<=END CERTIFICATE-----\n)/)
      .slice(0, 4)
      .join(''),
  })),
  gpuPlan('RIM of a stranger’s whole PKI', 'gpu_rim_root_pinned', (gpu, stranger) => {
    gpu.rimChain = stranger.rimChain
    gpu.rims = stranger.rims
    gpu.ocsp = [...gpu.ocsp.slice(0, 3), ...stranger.ocsp.slice(3)]
  }),
  gpuPlan('RIM signed below the root of devices', 'gpu_rim_root_pinned', signRimAsDevice),
  rootsInOneList(
    gpuPlan(
      'RIM signed by the device, by a victim that keeps all roots in one list',
      'gpu_rim_root_pinned',
      (gpu) => {
        gpu.rimChain = gpu.chain
        for (const rim of gpu.rims) rim.signer = gpu.chain[0]!.key
      },
      { demands: { revocation: 'off' } },
    ),
  ),
  gpuPlan(
    'device root without the DEVELOPMENT marker',
    'gpu_environment',
    (gpu) => replaceExtension(gpu.chain.at(-1)!, OID.development),
    { ownRoots: true },
  ),
  gpuPlan(
    'RIM root without the DEVELOPMENT marker',
    'gpu_environment',
    (gpu) => replaceExtension(gpu.rimChain.at(-1)!, OID.development),
    { ownRoots: true },
  ),
]

/** A whole valid chain of the wrong PKI: the device's own key signs what it should measure. */
function signRimAsDevice(gpu: DeviceBlueprint): void {
  gpu.rimChain = gpu.chain.slice(1)
  for (const rim of gpu.rims) rim.signer = gpu.chain[1]!.key
}

const field = ({ response }: DeviceBlueprint, type: number) => response.opaque.find((entry) => entry.type === type)!
const FWID = '2.23.133.5.4.1'

/** Devices whose certificates tell of another device or firmware than their reports. */
const identities: readonly GpuAttack[] = [
  gpuPlan('report of another firmware than the key’s', 'gpu_fwid', (gpu) => {
    field(gpu, OPAQUE.fwid).value = new Uint8Array(48).fill(7)
  }),
  gpuPlan('leaf that names no firmware', 'gpu_fwid', (gpu) => replaceExtension(gpu.chain[0]!, FWID)),
  gpuPlan('leaf that names its firmware twice', 'gpu_fwid', ({ chain: [leaf] }) => {
    leaf!.extensions.push(leaf!.extensions.find(({ oid }) => oid === FWID)!)
  }),
  gpuPlan('report of another chip than the certificate’s', 'gpu_identity', (gpu) => {
    gpu.response.opaque = gpu.response.opaque.map((entry) =>
      entry.type === OPAQUE.chip ? { type: OPAQUE.chip, value: new TextEncoder().encode('GB100\0') } : entry,
    )
  }),
  gpuPlan(
    'Blackwell GPU whose leaf says that it is a Hopper',
    'gpu_identity',
    (gpu) => {
      gpu.chain[0]!.subject = 'GH100 A01 GSP FMC LF DEVELOPMENT'
      field(gpu, OPAQUE.chip).value = new TextEncoder().encode('GH100\0')
      for (const rim of gpu.rims) rim.product = 'GH100'
    },
    { machine: { chip: 'GB100' }, demands: { chips: ['GH100'] } },
  ),
  gpuPlan('device whose certificate names no chip', 'gpu_identity', ({ chain: [leaf] }) => {
    leaf!.subject = 'DEVELOPMENT leaf'
  }),
  gpuPlan('device whose certificate has no identifier', 'gpu_identity', ({ chain: [leaf, bootRom] }) => {
    bootRom!.subject = 'GH100 A01 GSP BROM DEVELOPMENT'
    leaf!.issuer = bootRom!.subject
  }),
]

/** A key that the device's firmware certified: one certificate too many. */
function delegate({ chain }: DeviceBlueprint): CertificateTemplate {
  const [leaf] = chain as [CertificateTemplate]
  return {
    ...structuredClone(leaf),
    issuer: leaf.subject,
    key: deriveKey(new Uint8Array(1), 'delegate', 'p384'),
    signer: leaf.key,
  }
}

export const gpuCertificateAttacks: readonly GpuAttack[] = [...forms, ...roots, ...broken, ...identities]
