import { toHex } from '@dcml/protocol'
import {
  authorityKeyIdentifier,
  type CertificateTemplate,
  type CrlTemplate,
  crlNumber,
  developmentMarker,
  keyUsage,
  subjectKeyIdentifier,
} from '../certificate.ts'
import { derive, deriveKey, type KeyPair } from '../keys.ts'
import { type Chip, chips, type GpuChip, measurement, rimEntries } from './chips.ts'
import { fwidExtension } from './fwid.ts'
import { extendedKeyUsage, OCSP_SIGNING, type OcspTemplate, ocspNoCheck } from './ocsp.ts'
import { gpuFields, switchFields } from './opaque.ts'
import type { RimTemplate } from './rim.ts'
import { always, certificates, rootRoles } from './roles.ts'
import type { SpdmRequest, SpdmResponse } from './spdm.ts'

/** The GPUs and switches of one machine. */
export interface GpuMachine {
  /** How many GPUs, at most 8. */
  readonly gpus: number
  /** How many NVSwitches; with any, the GPUs say that they run behind protected PCIe. */
  readonly switches: number
  readonly chip: GpuChip
  /** Whether a simulated attestation service of NVIDIA gives its verdict too. */
  readonly nras: boolean
}

/** One device as plain data, before anything is signed. An attack bends a fresh copy; `issueDevice` signs whatever it finds. */
export interface DeviceBlueprint {
  kind: 'gpu' | 'switch'
  /** Leaf, boot ROM, provisioner, family, root. */
  chain: CertificateTemplate[]
  request: SpdmRequest
  response: SpdmResponse
  reportSigner: KeyPair
  /** Signer, its issuer, the product's CA, root: of every RIM of this device. */
  rimChain: CertificateTemplate[]
  rims: Omit<RimTemplate, 'certificates'>[]
  ocsp: OcspTemplate[]
  crls: CrlTemplate[]
}

const hour = 3_600_000

/** Revocation is stated for 24 hours from the hour before. */
export const revocationStart = (now: Date): Date => new Date(Math.floor(now.getTime() / hour) * hour - hour)

/** The honest devices of a seed's machine: GPUs first. */
export function machineBlueprint(
  seed: Uint8Array,
  now: Date,
  { gpus, switches, chip }: Omit<GpuMachine, 'nras'>,
): DeviceBlueprint[] {
  const pdis = (of: Chip, count: number): Uint8Array[] =>
    Array.from({ length: count }, (_, i) => derive(seed, `pdi of ${of} ${i}`, 8))
  const fabric = { gpus: pdis(chip, gpus), switches: pdis('LS10', switches) }
  return [
    ...fabric.gpus.map((pdi) => device(seed, now, chip, pdi, (fwid) => gpuFields(chips[chip], chip, fwid, fabric))),
    ...fabric.switches.map((pdi, i) => device(seed, now, 'LS10', pdi, () => switchFields(chips.LS10, i, fabric))),
  ]
}

function device(
  seed: Uint8Array,
  now: Date,
  chip: Chip,
  pdi: Uint8Array,
  opaque: (fwid: Uint8Array) => SpdmResponse['opaque'],
): DeviceBlueprint {
  const { kind, signer, driver, vbios, blocks } = chips[chip]
  const own = `${chip} ${toHex(pdi)}`
  const fwid = derive(seed, `firmware id ${chip}`, 48)
  const chain = certificates(seed, [
    { subject: `${signer} FMC LF DEVELOPMENT`, label: `gpu leaf ${own}`, ca: false },
    {
      subject: { commonName: `${signer} BROM DEVELOPMENT`, serialNumber: `41${toHex(pdi).toUpperCase()}` },
      label: `gpu boot rom ${own}`,
      ca: true,
    },
    { subject: `DEVELOPMENT ${chip} Provisioner ICA 1`, label: `gpu provisioner ${chip}`, ca: true },
    { subject: `DEVELOPMENT ${chip} Identity`, label: `gpu family ${chip}`, ca: true },
    rootRoles.device,
  ])
  const [leaf, bootRom] = chain as [CertificateTemplate, CertificateTemplate]
  leaf.extensions.push(fwidExtension(chip, bootRom.key, fwid))
  const rimChain = certificates(seed, [
    { subject: `DEVELOPMENT RIM L4 Signer ${chip}`, label: `rim signer ${chip}`, ca: false },
    { subject: `DEVELOPMENT Reference Value L3 ${chip}`, label: `rim issuer ${chip}`, ca: true, pathLength: 0 },
    { subject: `DEVELOPMENT Reference Value ${chip} CA`, label: `rim ca ${chip}`, ca: true },
    rootRoles.rim,
  ])
  const rim = (firmware: 'driver' | 'vbios', version: string): DeviceBlueprint['rims'][number] => ({
    product: chip,
    edition: kind === 'gpu' ? 'GPU' : 'SWITCH',
    version,
    entries: rimEntries(chip, firmware),
    signer: rimChain[0]!.key,
  })
  const start = revocationStart(now)
  return {
    kind,
    chain,
    request: { version: 0x11, code: 0xe0, attributes: 1, operation: 0xff, nonce: new Uint8Array(32), slot: 0 },
    response: {
      version: 0x11,
      code: 0x60,
      slot: 0,
      blocks: Array.from({ length: blocks }, (_, i) => ({
        index: i + 1,
        specification: 1,
        type: 1,
        value: measurement(chip, i),
      })),
      nonce: derive(seed, `responder nonce ${own}`, 32),
      opaque: opaque(fwid),
    },
    reportSigner: leaf.key,
    rimChain,
    rims: [...(driver ? [rim('driver', driver)] : []), rim('vbios', vbios)],
    // of the leaf nobody says anything: it changes with the firmware, and its issuer is the device itself
    ocsp: [...revocable(chain.slice(1)), ...revocable(rimChain)].map((pair) => statement(seed, pair, start)),
    crls: [],
  }
}

/** A certificate and its issuer's. */
export type Issued = readonly [certificate: CertificateTemplate, issuer: CertificateTemplate]

/** What can be revoked of a chain: all but its root. */
export const revocable = (chain: readonly CertificateTemplate[]): Issued[] =>
  chain.slice(0, -1).map((certificate, i) => [certificate, chain[i + 1]!])

/** The answer of the issuer's delegated responder about one certificate, good for 24 hours. */
export function statement(seed: Uint8Array, [certificate, issuer]: Issued, start: Date): OcspTemplate {
  const name = typeof issuer.subject === 'string' ? issuer.subject : issuer.subject.commonName
  const key = deriveKey(seed, `responder of ${name}`, 'p384')
  const responder: CertificateTemplate = {
    ...always,
    subject: `${name} OCSP`,
    issuer: issuer.subject,
    serial: derive(seed, `serial of responder of ${name}`, 16),
    key,
    signer: issuer.key,
    extensions: [
      keyUsage('signData'),
      extendedKeyUsage(OCSP_SIGNING),
      ocspNoCheck,
      subjectKeyIdentifier(key),
      authorityKeyIdentifier(issuer.key),
      developmentMarker,
    ],
  }
  return {
    responseStatus: 0,
    statements: [
      {
        issuer: issuer.subject,
        issuerKey: issuer.key,
        serial: certificate.serial,
        hash: 'sha384',
        status: 'good',
        thisUpdate: start,
        nextUpdate: new Date(start.getTime() + 24 * hour),
      },
    ],
    producedAt: start,
    responder,
    responderName: 'key',
    signer: key,
    extensions: [],
  }
}

/** The issuer's list of what it revoked, which is nothing, good for a month. NVIDIA signs its own with SHA-256. */
export const emptyCrl = ([, issuer]: Issued, start: Date): CrlTemplate => ({
  issuer: issuer.subject,
  thisUpdate: start,
  nextUpdate: new Date(start.getTime() + 30 * 24 * hour),
  revoked: [],
  signer: issuer.key,
  hash: { named: 'sha256', used: 'sha256' },
  extensions: [authorityKeyIdentifier(issuer.key), crlNumber(1)],
})
