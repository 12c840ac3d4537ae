import { concatBytes, utf8 } from '@dcml/protocol'

/** GET_MEASUREMENTS of SPDM 1.1 (DSP0274 §10.11): what a verifier asks a device. */
export interface SpdmRequest {
  version: number
  code: number
  /** 1: with signature. */
  attributes: number
  /** 0xff: all measurements. */
  operation: number
  /** 32 bytes. */
  nonce: Uint8Array
  slot: number
}

/** One measurement as the response lists it. */
export interface SpdmBlock {
  /** One-based; a RIM counts from zero. */
  index: number
  /** 1: DMTF. */
  specification: number
  /** 1: hash of mutable firmware. */
  type: number
  value: Uint8Array
}

/** NVIDIA's own fields behind the measurements: type, length, value, all little endian. */
export interface OpaqueField {
  type: number
  value: Uint8Array
  /** Only where it lies about its length. */
  length?: number
}

/** MEASUREMENTS of SPDM 1.1, without its signature. */
export interface SpdmResponse {
  version: number
  code: number
  slot: number
  blocks: SpdmBlock[]
  /** 32 bytes of the device's own. */
  nonce: Uint8Array
  opaque: OpaqueField[]
}

/** Types of opaque fields that NVIDIA's devices send (nvtrust, spdm_msrt_resp_msg.py). */
export const OPAQUE = {
  driverVersion: 3,
  vbiosVersion: 6,
  nvdec0: 11,
  measurementCounts: 12,
  chipSku: 15,
  project: 17,
  projectSku: 18,
  fwid: 20,
  protectedPcie: 21,
  /** Of a switch its own identity, of a GPU those of the switches behind its links. */
  pdis: 22,
  disabledPorts: 23,
  switchPosition: 24,
  switchLock: 25,
  switchGpuPdis: 26,
  dataVersion: 34,
  chip: 35,
  featureFlag: 36,
} as const

/** Status bytes of fields 11 and 21. */
export const STATUS = { enabled: 0xaa, disabled: 0x55 } as const

/** Field 36: how many GPUs the confidential VM drives and how they reach each other. */
export const FEATURE = { single: 0, multi: 1, protectedPcie: 2 } as const

const u16 = (value: number): Uint8Array => Uint8Array.of(value & 0xff, value >>> 8)
const u24 = (value: number): Uint8Array => concatBytes(u16(value & 0xffff), Uint8Array.of(value >>> 16))

export const encodeRequest = (request: SpdmRequest): Uint8Array =>
  concatBytes(
    Uint8Array.of(request.version, request.code, request.attributes, request.operation),
    request.nonce,
    Uint8Array.of(request.slot),
  )

export function encodeResponse(response: SpdmResponse): Uint8Array {
  const record = concatBytes(
    ...response.blocks.map(({ index, specification, type, value }) =>
      concatBytes(
        Uint8Array.of(index, specification),
        u16(value.length + 3),
        Uint8Array.of(type),
        u16(value.length),
        value,
      ),
    ),
  )
  const opaque = concatBytes(
    ...response.opaque.map(({ type, value, length = value.length }) => concatBytes(u16(type), u16(length), value)),
  )
  return concatBytes(
    Uint8Array.of(response.version, response.code, 0, response.slot, response.blocks.length),
    ...[u24(record.length), record, response.nonce, u16(opaque.length), opaque],
  )
}

/** A field of text, which devices end with a zero byte. */
export const textField = (type: number, text: string): OpaqueField => ({ type, value: utf8(`${text}\0`) })

/** A GPU writes the VBIOS version `AA.BB.CC.DD.EE` as two numbers, little endian: AABBCCDD behind EE. */
export function gpuVbiosVersion(version: string): Uint8Array {
  const [a, b, c, d, e] = version.split('.').map((part) => Number.parseInt(part, 16)) as [
    number,
    number,
    number,
    number,
    number,
  ]
  return Uint8Array.of(d, c, b, a, e, 0, 0, 0)
}
