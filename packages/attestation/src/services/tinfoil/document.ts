import * as v from 'valibot'
import { base64UpTo, hexOf, malformed, maybe, readAs } from '../fields.ts'
import { memberSpan } from '../json-text.ts'
import { nvidiaEvidence } from '../nvidia.ts'

const ARC = 'https://tinfoil.sh/predicate/'
const V2 = { [`${ARC}sev-snp-guest/v2`]: 'snp', [`${ARC}tdx-guest/v2`]: 'tdx' } as const
const V3 = `${ARC}attestation/v3`
/** Longest report of either CPU. */
const MAX_REPORT = 32_768

/** Version 2: report data is two keys, the report is compressed. */
export interface TinfoilV2 {
  readonly version: 2
  readonly platform: 'tdx' | 'snp'
  /** The report, in gzip. */
  readonly body: Uint8Array
  /** From a bundle: PEM of the enclave's TLS certificate. */
  readonly certificate: string | undefined
  /** From a bundle: DER of the chip's certificate. */
  readonly vcek: Uint8Array | undefined
}

const text = (max: number) => v.pipe(v.string(), v.maxLength(max))
const v3 = v.object({
  report_data: v.object({
    tls_key_fp: hexOf(32),
    hpke_key: hexOf(32),
    nonce: hexOf(32),
    gpu_evidence_hash: maybe(hexOf(32)),
    nvswitch_evidence_hash: maybe(hexOf(32)),
  }),
  cpu: v.object({
    platform: v.pipe(
      v.picklist(['tdx', 'sev-snp']),
      v.transform((name) => (name === 'tdx' ? ('tdx' as const) : ('snp' as const))),
    ),
    report: base64UpTo(MAX_REPORT),
  }),
  gpu: maybe(nvidiaEvidence),
  nvswitch: maybe(nvidiaEvidence),
  certificate: maybe(text(65_536)),
  signature: maybe(base64UpTo(256)),
})

/** Version 3: report data is a hash over keys, nonce and the text of GPU evidence. */
export interface TinfoilV3 extends v.InferOutput<typeof v3> {
  readonly version: 3
  /** Exact JSON text, over parts of which the hashes and over which the signature is. */
  readonly text: string
}

/** Tinfoil's attestation document; nothing in it is verified. */
export type TinfoilEvidence = TinfoilV2 | TinfoilV3

const v2 = v.object({ format: v.string(), body: base64UpTo(65_536) })
const bundle = v.object({
  enclaveAttestationReport: v2,
  vcek: maybe(base64UpTo(8192)),
  enclaveCert: maybe(text(65_536)),
})

/** Whether an object looks like a document or a bundle of Tinfoil. */
export const isTinfoil = (json: object): boolean =>
  'enclaveAttestationReport' in json ||
  ('format' in json && typeof json.format === 'string' && json.format.startsWith(ARC))

/** @throws DcmlError `service_evidence_malformed` */
export function readTinfoil(json: object, exact: string): TinfoilEvidence {
  const what = 'an attestation document of Tinfoil'
  if ('enclaveAttestationReport' in json) {
    const { enclaveAttestationReport: document, vcek, enclaveCert } = readAs(what, bundle, json)
    return { ...version2(what, document), vcek, certificate: enclaveCert }
  }
  if ('format' in json && json.format === V3) return { version: 3, text: exact, ...readAs(what, v3, json) }
  return { ...version2(what, readAs(what, v2, json)), vcek: undefined, certificate: undefined }
}

function version2(
  what: string,
  { format, body }: v.InferOutput<typeof v2>,
): Pick<TinfoilV2, 'version' | 'platform' | 'body'> {
  const platform = Object.entries(V2).find(([name]) => name === format)?.[1]
  if (!platform) throw malformed(what, `its format is ${format}`)
  return { version: 2, platform, body }
}

/** Exact text of a member. */
export function memberText(exact: string, name: string): string | undefined {
  const span = memberSpan(exact, name)
  return span && exact.slice(span.start, span.end)
}

/** The text that the enclave signed: with an empty signature in it. */
export function signedText(exact: string): string | undefined {
  const span = memberSpan(exact, 'signature')
  return span && `${exact.slice(0, span.start)}""${exact.slice(span.end)}`
}
