// The two ways in which GPU evidence and CPU quote are tied: the GPU signs a nonce derived from the enclave's keys, then
// the CPU quotes claims that name the GPU evidence. A live relay to a genuine GPU elsewhere stays possible; nothing in
// this generation of hardware ties the two machines together.
import { concatBytes, utf8 } from '@dcml/protocol'
import { sha256 } from '@noble/hashes/sha2.js'
import type { GpuEvidence } from '../tee.ts'
import type { Claims } from './claims.ts'

/** The 32-byte nonce that every GPU of an enclave signs: SHA-256 over a domain tag and the enclave's nonce and keys. */
export const gpuNonce = ({
  nonce,
  tlsSpki,
  hpkeKey,
  sessionKey,
}: Pick<Claims, 'nonce' | 'tlsSpki' | 'hpkeKey' | 'sessionKey'>): Uint8Array =>
  sha256(concatBytes(utf8('dcml/gpu-nonce/1\0'), nonce, tlsSpki, hpkeKey, sessionKey))

/**
 * What the claims say of the GPUs: SHA-256 over a domain tag and, device by device, kind, report and certificates with
 * their lengths (u32, little endian). RIMs and revocations are signed by NVIDIA and may be renewed.
 */
export const gpuEvidenceH = (devices: readonly GpuEvidence[]): Uint8Array =>
  sha256(
    concatBytes(
      utf8('dcml/gpu-evidence/1\0'),
      ...devices.flatMap(({ kind, report, certificates }) =>
        [utf8(kind), report, utf8(certificates)].flatMap((part) => [length(part), part]),
      ),
    ),
  )

function length({ length }: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, length, true)
  return bytes
}
