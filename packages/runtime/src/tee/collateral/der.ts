// Finds names, keys and dates in DER that services answer. Nothing is trusted for being found: verifiers read the same
// bytes strictly.
import { unavailable } from './fault.ts'

export interface DerValue {
  readonly tag: number
  readonly contents: Uint8Array
  /** With its tag and length. */
  readonly whole: Uint8Array
}

export const DER = {
  integer: 2,
  bitString: 3,
  octetString: 4,
  oid: 6,
  utcTime: 0x17,
  time: 0x18,
  sequence: 0x30,
} as const

/** Values of one list that are read; nothing that is asked for has more, and each costs many times what it weighs. */
const MAX_VALUES = 64

/** The values that lie one behind the other in `bytes`. @throws DcmlError `tee_collateral_unavailable` */
export function derValues(bytes: Uint8Array): DerValue[] {
  const values: DerValue[] = []
  for (let at = 0; at < bytes.length; ) {
    const first = bytes[at + 1] ?? 0
    const lengthBytes = first < 0x80 ? 0 : first & 0x7f
    let length = lengthBytes === 0 ? first : 0
    for (let i = 0; i < lengthBytes; i++) length = length * 256 + (bytes[at + 2 + i] ?? Number.NaN)
    const start = at + 2 + lengthBytes
    if (lengthBytes > 3 || !(start + length <= bytes.length)) throw unavailable('it is not DER')
    if (values.length === MAX_VALUES) throw unavailable(`a list in it has more than ${MAX_VALUES} values`)
    values.push({
      tag: bytes[at]!,
      contents: bytes.subarray(start, start + length),
      whole: bytes.subarray(at, start + length),
    })
    at = start + length
  }
  return values
}

/** The values inside the one at `index`. @throws DcmlError `tee_collateral_unavailable` */
export function derInside(values: readonly DerValue[], index: number): DerValue[] {
  const value = values[index]
  if (value === undefined) throw unavailable('its DER is cut short')
  return derValues(value.contents)
}

/** Unix ms of a UTCTime or GeneralizedTime of the forms of RFC 5280 §4.1.2.5. @throws DcmlError `tee_collateral_unavailable` */
export function derTime({ tag, contents }: DerValue): number {
  const text = new TextDecoder('latin1').decode(contents)
  const digits = tag === DER.utcTime ? `${Number(text.slice(0, 2)) < 50 ? '20' : '19'}${text}` : text
  const parts = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(digits)?.slice(1).map(Number)
  if (parts === undefined) throw unavailable('it has a malformed date')
  const [year, month, ...rest] = parts as [number, number, number, number, number, number]
  return Date.UTC(year, month - 1, ...rest)
}

export const isTime = ({ tag }: DerValue): boolean => tag === DER.utcTime || tag === DER.time

/** Body, algorithm and signature bytes of a certificate, a CRL or a basic OCSP response. */
export function derSigned(der: Uint8Array): { body: DerValue; signature: Uint8Array } {
  const [body, , signature] = derInside(derValues(der), 0)
  if (body === undefined || signature?.tag !== DER.bitString) throw unavailable('it is no signed object')
  return { body, signature: signature.contents.subarray(1) }
}
