// Honest evidence of simulated TEEs: what the targets' seeds are taken from.
import { fromHex, utf8 } from '@dcml/protocol'
import { createSimulator } from '@dcml/tee-simulator'
import { encodeClaims, reportData } from '../../../src/evidence/claims.ts'
import { type Evidence, evidenceToJson, MAX_EVIDENCE_BYTES } from '../../../src/evidence/evidence.ts'
import { gpuEvidenceH, gpuNonce } from '../../../src/evidence/gpu.ts'
import { imageH } from '../../../src/evidence/manifest.ts'
import { Refusal } from '../../../src/x509/der.ts'
import { readPem } from '../../../src/x509/pem.ts'

export const now = new Date('2026-11-21T12:00:00Z')
export const simulator = await createSimulator({ now })

export const manifest = utf8(
  JSON.stringify({
    v: 1,
    name: 'chat',
    image: `sha256:${'ab'.repeat(32)}`,
    command: ['serve', '--port', '8443'],
    env: { MODE: 'quiet' },
    models: ['cd'.repeat(32)],
    network: { networkId: 'devnet', contract: 'model.test' },
    trustRoot: 'root',
  }),
)
const bytes32 = (fill: number): Uint8Array => new Uint8Array(32).fill(fill)
export const nonce = bytes32(7)
const keys = { purpose: 'session', nonce, tlsSpki: bytes32(1), hpkeKey: bytes32(2), sessionKey: bytes32(3) } as const
const bare = { ...keys, imageH: imageH(manifest), boot: bytes32(4), iat: now.getTime() }

const tdx = simulator.createTee({ imageH: bare.imageH })
const snp = simulator.createTee({ imageH: bare.imageH, tee: 'snp' })
const gpuOf = (chip: 'GH100' | 'GB100', gpus: number, switches: number) =>
  simulator.createTee({ imageH: bare.imageH, gpus, switches, chip, nras: true }).gpu!.evidence(gpuNonce(bare))

export const hopper = await gpuOf('GH100', 2, 1)
export const blackwell = await gpuOf('GB100', 1, 0)
const gpu = hopper.slice(0, 1)

/** The claims of evidence of each kind, as bytes. */
export const plainClaims = encodeClaims(bare)
export const fullClaims = encodeClaims({
  ...bare,
  exporter: bytes32(5),
  clientKey: bytes32(6),
  gpuEvidence: gpuEvidenceH(gpu),
  modelH: bytes32(8),
})
const gpuClaims = encodeClaims({ ...bare, gpuEvidence: gpuEvidenceH(gpu) })

export const tdxEvidence: Evidence = {
  claims: plainClaims,
  cpu: await tdx.quote(reportData('session', plainClaims)),
  gpu: [],
  manifest,
}
export const snpEvidence: Evidence = {
  claims: plainClaims,
  cpu: await snp.quote(reportData('session', plainClaims)),
  gpu: [],
  manifest,
}
export const gpuEvidence: Evidence = {
  claims: gpuClaims,
  cpu: await tdx.quote(reportData('session', gpuClaims)),
  gpu,
  manifest,
}

const quoteOf = { imageH: bare.imageH, reportData: new Uint8Array(64) }
/** Of version 4, of version 5, and one with bytes behind its end. */
export const quotes = [
  simulator.mintQuote(quoteOf),
  simulator.mintQuote({ ...quoteOf, mrServiceTd: new Uint8Array(48) }),
  Uint8Array.from([...simulator.mintQuote(quoteOf), ...new Uint8Array(70)]),
]
export const collateral = simulator.collateral()
export const platform = snpEvidence.cpu.tee === 'snp' ? snpEvidence.cpu : undefined

/** Certificates of every PKI. */
export const certificates = {
  intel: [...readPem(collateral.pck_crl_issuer_chain), ...readPem(collateral.tcb_info_issuer_chain)],
  amd: [platform!.vek, platform!.ask, platform!.ark],
  nvidia: [...hopper, ...blackwell].flatMap((device) => readPem(device.certificates)),
}
export const crls = [fromHex(collateral.pck_crl), fromHex(collateral.root_ca_crl), platform!.crl!]

export const jsonOf = (value: unknown): Uint8Array => utf8(JSON.stringify(value))
export const evidenceJson = [tdxEvidence, snpEvidence, gpuEvidence].map((evidence) => jsonOf(evidenceToJson(evidence)))

/** For parsers that take JSON which somebody else has parsed. */
export function parsed(input: Uint8Array): unknown {
  if (input.length > MAX_EVIDENCE_BYTES) throw new Refusal('more than is read of an answer')
  try {
    return JSON.parse(new TextDecoder().decode(input))
  } catch {
    throw new Refusal('not JSON')
  }
}

export const textOf = (input: Uint8Array): string => new TextDecoder().decode(input)
