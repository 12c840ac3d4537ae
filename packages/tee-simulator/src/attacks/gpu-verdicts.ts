import { keyUsage, OID } from '../certificate.ts'
import type { VerdictBlueprint } from '../nvidia/nras.ts'
import { type GpuAttack, gpuAttack } from './gpu-forge.ts'

const hour = 3_600_000

const said = (
  name: string,
  targets: string,
  verdict: (verdict: VerdictBlueprint, stranger: VerdictBlueprint) => void,
  gpus = 1,
): GpuAttack => gpuAttack(name, targets, { machine: { gpus }, verdict })

const written = (name: string, targets: string, verdictText: (text: string) => string, gpus = 1): GpuAttack =>
  gpuAttack(name, targets, { machine: { gpus }, verdictText })

interface Stapled {
  answer: [['JWT', string], Record<string, string>]
  jwks: { keys: { kid: string; x5c: string[] }[] }
}

const onJson =
  (change: (stapled: Stapled) => unknown) =>
  (text: string): string =>
    JSON.stringify(change(JSON.parse(text)))

/** What NVIDIA's attestation service never said, or said about others. */
export const gpuVerdictAttacks: readonly GpuAttack[] = [
  gpuAttack('no verdict of NVIDIA where the victim demands one', 'gpu_nras_format', { demands: { nras: 'also' } }),
  written('verdict that is no JSON', 'gpu_nras_format', () => '{'),
  written(
    'verdict without the keys that signed it',
    'gpu_nras_format',
    onJson(({ answer }) => ({ answer })),
  ),
  written(
    'verdict of plain claims',
    'gpu_nras_format',
    onJson(({ jwks }) => ({ answer: [['JWT', 'yes'], {}], jwks })),
  ),
  written(
    'verdict about a device nobody knows',
    'gpu_nras_format',
    onJson(({ answer: [overall, tokens], jwks }) => ({ answer: [overall, { ...tokens, 'CPU-0': overall[1] }], jwks })),
  ),
  said('verdict certified by a stranger', 'gpu_nras_signer', (verdict, stranger) => {
    verdict.chain = stranger.chain
    verdict.signer = stranger.signer
  }),
  said(
    'verdict signer certified by a stranger under the right name',
    'gpu_nras_signer',
    ({ chain: [leaf] }, stranger) => {
      leaf!.signer = stranger.chain[1]!.key
    },
  ),
  said('verdict signer of another issuer name', 'gpu_nras_signer', ({ chain: [leaf] }) => {
    leaf!.issuer = 'DEVELOPMENT nobody'
  }),
  said('verdict signer expired', 'gpu_nras_signer', ({ chain: [leaf] }) => {
    leaf!.notAfter = leaf!.notBefore
  }),
  said('verdict signer that may not sign data', 'gpu_nras_signer', ({ chain: [leaf] }) => {
    leaf!.extensions = leaf!.extensions.map((old) => (old.oid === OID.keyUsage ? keyUsage('signCertificates') : old))
  }),
  said('verdict signer without its issuer', 'gpu_nras_signer', (verdict) => {
    verdict.chain = verdict.chain.slice(0, 1)
  }),
  said('verdict signed by a stranger', 'gpu_nras_signature', (verdict, stranger) => {
    verdict.signer = stranger.signer
  }),
  said('verdict that asks for no signature', 'gpu_nras_signature', (verdict) => {
    verdict.algorithm = 'none'
  }),
  said('verdict that asks for an HMAC', 'gpu_nras_signature', (verdict) => {
    verdict.algorithm = 'HS384'
  }),
  said('verdict of another service', 'gpu_nras_signature', (verdict) => {
    verdict.iss = 'https://nras.example'
  }),
  written(
    'verdict with the keys of another day',
    'gpu_nras_signature',
    onJson(({ answer, jwks: { keys } }) => ({
      answer,
      jwks: { keys: keys.map((key) => ({ ...key, kid: 'another' })) },
    })),
  ),
  written(
    'token that the overall one does not name',
    'gpu_nras_signature',
    onJson(({ answer: [overall, { 'GPU-0': first }], jwks }) => ({
      answer: [overall, { 'GPU-0': first, 'GPU-1': first }],
      jwks,
    })),
    2,
  ),
  written(
    'token left out',
    'gpu_nras_signature',
    onJson(({ answer: [overall, { 'GPU-0': first }], jwks }) => ({ answer: [overall, { 'GPU-0': first }], jwks })),
    2,
  ),
  said('verdict of two hours ago', 'gpu_nras_window', (verdict) => {
    verdict.issued = new Date(verdict.issued.getTime() - 2 * hour)
  }),
  said('verdict from the future', 'gpu_nras_window', (verdict) => {
    verdict.issued = new Date(verdict.issued.getTime() + hour)
  }),
  said('verdict for another nonce', 'gpu_nras_nonce', (verdict) => {
    verdict.nonce = new Uint8Array(32)
  }),
  said('verdict about other GPUs', 'gpu_nras_devices', (verdict, stranger) => {
    verdict.devices = stranger.devices
  }),
  said(
    'verdict about one GPU of two',
    'gpu_nras_devices',
    (verdict) => {
      verdict.devices = verdict.devices.slice(1)
    },
    2,
  ),
  said(
    'verdict about one GPU twice',
    'gpu_nras_devices',
    ({ devices: [first, second] }) => {
      second!.ueid = first!.ueid
    },
    2,
  ),
  said('verdict that is no as a whole', 'gpu_nras_verdict', (verdict) => {
    verdict.good = false
  }),
  said('verdict that finds other measurements', 'gpu_nras_verdict', ({ devices: [first] }) => {
    first!.measres = 'fail'
  }),
  said('verdict that finds no secure boot', 'gpu_nras_verdict', ({ devices: [first] }) => {
    first!.secboot = false
  }),
  said('verdict that does not know about secure boot', 'gpu_nras_verdict', ({ devices: [first] }) => {
    first!.secboot = null
  }),
  said('verdict that finds a debugger', 'gpu_nras_verdict', ({ devices: [first] }) => {
    first!.dbgstat = 'enabled'
  }),
]
