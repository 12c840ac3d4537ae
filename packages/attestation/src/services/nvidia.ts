// Evidence of NVIDIA GPUs as its tools collect it and services pass it on: report and chain of each device, in base64.
import { toHex } from '@dcml/protocol'
import * as v from 'valibot'
import type { GpuEvidence } from '../tee.ts'
import { base64UpTo, hexOf, maybe } from './fields.ts'

/** Reports of the devices of one machine; nothing here is verified. */
export interface NvidiaEvidence {
  readonly devices: readonly GpuEvidence[]
  /** What the collector says the devices signed; each report says so itself. */
  readonly nonce: Uint8Array | undefined
}

const MAX_DEVICES = 16

const device = v.object({
  arch: maybe(v.pipe(v.string(), v.maxLength(64))),
  certificate: base64UpTo(32_768),
  evidence: base64UpTo(16_384),
  nonce: maybe(hexOf(32)),
})
const devices = v.pipe(v.array(device), v.minLength(1), v.maxLength(MAX_DEVICES))

/** A list of devices, or what NVIDIA's Remote Attestation Service is asked with. */
export const nvidiaEvidence: v.GenericSchema<unknown, NvidiaEvidence> = v.pipe(
  v.union([
    v.pipe(
      devices,
      v.transform((list) => ({ list, nonce: undefined })),
    ),
    v.pipe(
      v.object({ evidence_list: devices, nonce: maybe(hexOf(32)) }),
      v.transform(({ evidence_list: list, nonce }) => ({ list, nonce })),
    ),
    v.pipe(
      v.object({ evidences: devices, nonce: maybe(hexOf(32)) }),
      v.transform(({ evidences: list, nonce }) => ({ list, nonce })),
    ),
  ]),
  v.check(({ list, nonce }) => {
    const nonces = new Set(
      [...list.map((entry) => entry.nonce), nonce].flatMap((bytes) => (bytes ? [toHex(bytes)] : [])),
    )
    return nonces.size <= 1
  }, 'devices name different nonces'),
  v.transform(({ list, nonce }) => ({
    nonce: nonce ?? list.find((entry) => entry.nonce)?.nonce,
    devices: list.map(({ arch, certificate, evidence }) => ({
      kind: arch?.toUpperCase().startsWith('LS') ? ('switch' as const) : ('gpu' as const),
      report: evidence,
      certificates: strictPem(new TextDecoder().decode(certificate)),
      rims: [],
      revocations: [],
    })),
  })),
)

/**
 * The same certificates in the one form that our reader takes: collectors put blank lines between them and end lines as
 * their platform does. The reports name no hash over this text.
 */
const strictPem = (text: string): string =>
  [...text.matchAll(/-----BEGIN CERTIFICATE-----([\w+/=\s]*?)-----END CERTIFICATE-----/g)]
    .map(([, body]) => `-----BEGIN CERTIFICATE-----\n${body!.replace(/\s+/g, '').replace(/.{1,64}/g, '$&\n')}`)
    .map((begun) => `${begun}-----END CERTIFICATE-----\n`)
    .join('')
