import { concatBytes } from '@dcml/protocol'
import type { Blueprint } from '../blueprint.ts'
import { type Attack, attack } from './forge.ts'

/** Offsets in a v4 quote: header 48, TD report 584, length 4, then signature, key and certification data. */
const LENGTH = 632
const SIGNATURE = 636
const ATTESTATION_KEY = SIGNATURE + 64
const CERTIFICATION_TYPE = ATTESTATION_KEY + 64
const QE_REPORT = CERTIFICATION_TYPE + 6
const QE_REPORT_SIGNATURE = QE_REPORT + 384
const AUTH_LENGTH = QE_REPORT_SIGNATURE + 64
const AUTH_DATA = AUTH_LENGTH + 2
const CHAIN_TYPE = AUTH_DATA + 32
/** In a v5 quote: u16 type and u32 size of the report behind the header. */
const BODY_TYPE = 48

const noPoint = new Uint8Array(64).fill(1)

function patch(quote: Uint8Array, offset: number, ...bytes: number[]): Uint8Array {
  const copy = quote.slice()
  copy.set(bytes, offset)
  return copy
}

const flip = (quote: Uint8Array, offset: number): Uint8Array => patch(quote, offset, quote[offset]! ^ 1)
const zero = (quote: Uint8Array, offset: number, length: number): Uint8Array =>
  patch(quote, offset, ...new Uint8Array(length))

function td15({ td }: Blueprint): void {
  td.mrServiceTd = new Uint8Array(48)
}

/** Quotes that are no TDX quotes, or whose parts were not signed by those who should have. */
export const quoteAttacks: readonly Attack[] = [
  attack('empty quote', 'quote_header', { quote: () => new Uint8Array() }),
  attack('quote cut in the TD report', 'quote_format', { quote: (quote) => quote.slice(0, 600) }),
  attack('quote cut in the certificates', 'quote_format', { quote: (quote) => quote.slice(0, -1) }),
  attack('quote that declares more than it has', 'quote_format', { quote: (quote) => patch(quote, LENGTH + 2, 1) }),
  attack('quote that declares less than it needs', 'quote_format', { quote: (quote) => patch(quote, LENGTH, 0, 1) }),
  attack('bytes hidden behind the certificates', 'quote_format', {
    quote: (quote) => {
      const hidden = concatBytes(quote, new Uint8Array(8))
      new DataView(hidden.buffer).setUint32(LENGTH, quote.length - SIGNATURE + 8, true)
      return hidden
    },
  }),
  attack('more than 64 KiB of signature data', 'quote_format', {
    plan: (plan) => {
      plan.authData = new Uint8Array(65_535)
    },
  }),
  attack('authentication data longer than the quote', 'quote_format', {
    quote: (quote) => patch(quote, AUTH_LENGTH, 0xff, 0xff),
  }),
  attack('certification data that is not a QE report', 'quote_format', {
    quote: (quote) => patch(quote, CERTIFICATION_TYPE, 5),
  }),
  attack('PCK named, not included (certification data type 1)', 'quote_format', {
    quote: (quote) => patch(quote, CHAIN_TYPE, 1),
  }),
  attack('quote of version 3', 'quote_version', {
    plan: ({ header }) => {
      header.version = 3
    },
  }),
  attack('quote of version 6', 'quote_version', {
    plan: ({ header }) => {
      header.version = 6
    },
  }),
  attack('quote of version 4 that says it is of version 5', 'quote_format', { quote: (quote) => patch(quote, 0, 5) }),
  attack('quote of version 5 that says it is of version 4', 'quote_format', {
    plan: td15,
    quote: (quote) => patch(quote, 0, 4),
  }),
  attack('quote of version 5 with the report of an SGX enclave', 'quote_format', {
    plan: td15,
    quote: (quote) => patch(quote, BODY_TYPE, 1),
  }),
  attack('quote of version 5 with a report of a type nobody knows', 'quote_format', {
    plan: td15,
    quote: (quote) => patch(quote, BODY_TYPE, 4),
  }),
  attack('TD 1.5 report that is passed off as TD 1.0', 'quote_format', {
    plan: td15,
    quote: (quote) => patch(quote, BODY_TYPE, 2, 0, 584 & 0xff, 584 >>> 8),
  }),
  attack('TD report that declares another size than its type has', 'quote_format', {
    plan: td15,
    quote: (quote) => patch(quote, BODY_TYPE + 2, 0xff),
  }),
  attack('quote of version 5 cut in what TD 1.5 adds', 'quote_format', {
    plan: td15,
    quote: (quote) => quote.slice(0, BODY_TYPE + 6 + 600),
  }),
  attack('service TD removed from the report after signing', 'quote_signature', {
    plan: (plan) => {
      plan.td.mrServiceTd = new Uint8Array(48).fill(1)
    },
    quote: (quote) => zero(quote, BODY_TYPE + 6 + 600, 48),
  }),
  attack('TEE TCB SVN 2 raised after signing', 'quote_signature', {
    plan: td15,
    quote: (quote) => patch(quote, BODY_TYPE + 6 + 584, 0xff),
  }),
  attack('attestation key of type P-384', 'quote_key_type', {
    plan: ({ header }) => {
      header.attestationKeyType = 3
    },
  }),
  attack('quote of an SGX enclave', 'tee_type', {
    plan: ({ header }) => {
      header.teeType = 0
    },
  }),
  attack('quote of a TEE nobody knows', 'tee_type', {
    plan: ({ header }) => {
      header.teeType = 0x82
    },
  }),
  attack('quoting enclave of an unknown vendor', 'quote_qe_vendor', {
    plan: ({ header }) => {
      header.qeVendorId = new Uint8Array(16)
    },
  }),
  attack('report data changed after signing', 'quote_signature', { quote: (quote) => flip(quote, LENGTH - 1) }),
  attack('header changed after signing', 'quote_signature', { quote: (quote) => flip(quote, 40) }),
  attack('quote with an all-zero signature', 'quote_signature', { quote: (quote) => zero(quote, SIGNATURE, 64) }),
  attack('quote with a changed signature', 'quote_signature', { quote: (quote) => flip(quote, SIGNATURE + 63) }),
  attack('quote signed by a key the QE never certified', 'qe_report_data', {
    plan: (plan, stranger) => {
      plan.attestationKey = stranger.attestationKey
    },
  }),
  attack('attestation key that is no point of the curve', 'quote_signature', {
    plan: (plan) => {
      plan.certifiedKey = noPoint
    },
    quote: (quote) => patch(quote, ATTESTATION_KEY, ...noPoint),
  }),
  attack('authentication data changed', 'qe_report_data', { quote: (quote) => flip(quote, AUTH_DATA) }),
  attack('QE report changed after signing', 'qe_report_signature', { quote: (quote) => flip(quote, QE_REPORT + 64) }),
  attack('QE report with an all-zero signature', 'qe_report_signature', {
    quote: (quote) => zero(quote, QE_REPORT_SIGNATURE, 64),
  }),
  attack('QE report signed by the intermediate CA', 'qe_report_signature', {
    plan: (plan) => {
      plan.qeReportSigner = plan.intermediate.key
    },
  }),
  attack('QE report signed by a stranger', 'qe_report_signature', {
    plan: (plan, stranger) => {
      plan.qeReportSigner = stranger.pck.key
    },
  }),
  attack('QE that Intel never signed', 'qe_identity', {
    plan: ({ qeReport }, stranger) => {
      qeReport.mrSigner = stranger.qeReport.mrSigner
    },
  }),
  attack('another enclave of the same signer as QE', 'qe_identity', {
    plan: ({ qeReport }) => {
      qeReport.isvProdId = 1
    },
  }),
  attack('QE in debug mode', 'qe_identity', {
    plan: ({ qeReport }) => {
      qeReport.attributes[0]! |= 2
    },
  }),
  attack('QE in debug mode that the mask forgets', 'qe_identity', {
    plan: ({ qeReport, qeIdentity }) => {
      qeReport.attributes[0]! |= 2
      qeIdentity.attributesMask = `F9${qeIdentity.attributesMask.slice(2)}`
    },
  }),
  attack('QE with another MISCSELECT', 'qe_identity', {
    plan: ({ qeReport }) => {
      qeReport.miscSelect = 1
    },
  }),
]
