import * as v from 'valibot'
import { DerReader, TAG } from '../../x509/der.ts'
import { firstCertificate, type KeyBox, readKeyBox } from '../certificate.ts'
import { hexOf, hexUpTo, malformed, maybe, perhapsText, readAs } from '../fields.ts'
import { readAttestation } from './attestation.ts'
import { eventLog } from './compose.ts'

/** Extensions of dstack's RA-TLS certificates, below Phala's arc (Dstack-TEE/dstack, ra-tls/src/oids.rs). */
const ARC = '1.3.6.1.4.1.62397.1'
const [QUOTE, EVENT_LOG, ATTESTATION] = [`${ARC}.1`, `${ARC}.2`, `${ARC}.8`]

/** What dstack shows of one machine; nothing in it is verified. */
export interface DstackEvidence {
  readonly quote: Uint8Array
  /** JSON text of the event log. */
  readonly log: string | undefined
  /** What the guest agent says it asked the TEE to sign; only in answers to `GetQuote`. */
  readonly statedReportData: Uint8Array | undefined
  /** DER of the RA-TLS certificate that the quote came in. */
  readonly certificate: Uint8Array | undefined
  readonly composeText: string | undefined
  readonly appName: string | undefined
}

const text = (max: number) => v.pipe(v.string(), v.maxLength(max))
const tcbInfo = perhapsText(v.object({ app_compose: maybe(text(262_144)) }), 1_048_576)
const info = v.object({ app_name: maybe(text(256)), app_cert: maybe(text(131_072)), tcb_info: maybe(tcbInfo) })
const quoted = v.object({
  quote: hexUpTo(32_768),
  event_log: maybe(eventLog),
  report_data: maybe(hexOf(64)),
  info: maybe(info),
})
const attested = v.object({ attestation: hexUpTo(65_536) })

/** Whether an object looks like an answer of dstack's guest agent. */
export const isDstackAnswer = (json: object): boolean =>
  ('quote' in json && 'event_log' in json) ||
  ('app_cert' in json && 'tcb_info' in json) ||
  ('attestation' in json && Object.keys(json).length === 1 && isText(json.attestation))

const isText = (value: unknown): boolean => typeof value === 'string'

/** @throws DcmlError `service_evidence_malformed` */
export function readDstackAnswer(json: object): DstackEvidence {
  const what = 'an answer of dstack'
  if ('attestation' in json) return readBlob(what, readAs(what, attested, json).attestation)
  if (!('quote' in json)) {
    const { app_cert: pem, tcb_info, app_name } = readAs(what, info, json)
    if (pem === undefined) throw malformed(what, 'it holds no certificate')
    return { ...certified(what, () => firstCertificate(pem)), composeText: tcb_info?.app_compose, appName: app_name }
  }
  const answer = readAs(what, quoted, json)
  return {
    quote: answer.quote,
    log: answer.event_log,
    statedReportData: answer.report_data,
    certificate: undefined,
    composeText: answer.info?.tcb_info?.app_compose,
    appName: answer.info?.app_name,
  }
}

/**
 * Reads an RA-TLS certificate.
 * @returns undefined where a certificate has none of dstack's extensions
 * @throws DcmlError `service_evidence_malformed`
 */
export function readRaTls(der: Uint8Array): DstackEvidence | undefined {
  let extensions: KeyBox['extensions']
  try {
    extensions = readKeyBox(der).extensions
  } catch {
    return undefined // any other certificate, or none at all
  }
  const isOurs = extensions.has(QUOTE!) || extensions.has(ATTESTATION!)
  return isOurs ? certified('an RA-TLS certificate of dstack', () => der) : undefined
}

function certified(what: string, read: () => Uint8Array): DstackEvidence {
  const rest = { statedReportData: undefined, composeText: undefined, appName: undefined }
  return attempt(what, () => {
    const certificate = read()
    const { extensions } = readKeyBox(certificate)
    // each is an OCTET STRING inside the OCTET STRING that every extension is
    const inner = (oid: string) => {
      const value = extensions.get(oid)
      return value && new DerReader(value).read(TAG.octetString)
    }
    const [quote, log, blob] = [inner(QUOTE!), inner(EVENT_LOG!), inner(ATTESTATION!)]
    if (blob) return { ...readBlob(what, blob), certificate }
    if (!quote) throw new Error('it holds no quote')
    return { quote, log: log && new TextDecoder().decode(log), certificate, ...rest }
  })
}

const readBlob = (what: string, bytes: Uint8Array): DstackEvidence =>
  attempt(what, () => ({
    ...readAttestation(bytes),
    certificate: undefined,
    composeText: undefined,
    appName: undefined,
  }))

function attempt<Value>(what: string, read: () => Value): Value {
  try {
    return read()
  } catch (error) {
    throw malformed(what, error instanceof Error ? error.message : String(error))
  }
}
