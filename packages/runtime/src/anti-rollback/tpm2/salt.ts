// A secret shared with the TPM, by ephemeral ECDH with a key it makes for this (Part 1 §C.6.1, Part 3 §24.1).
import { createHash, createPublicKey, diffieHellman, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { concatBytes, fromBase64url, toBase64url, utf8 } from '@dcml/protocol'
import { COMMAND, exchange, HANDLE, TAG } from './command.ts'
import type { TpmTransport } from './transport.ts'
import { malformed, Reader, sized, u8, u16, u32 } from './wire.ts'

/** TPM_ALG_ID (Part 2 §6.3). */
export const ALGORITHM = { aes: 0x06, sha256: 0x0b, none: 0x10, ecc: 0x23, cfb: 0x43 } as const
const P256 = 0x03
/** fixedTPM, fixedParent, sensitiveDataOrigin, userWithAuth, noDA, decrypt (Part 2 §8.3). */
const ATTRIBUTES = 0x00020472
const EMPTY = sized()

/** What the key is to be; its template ends where the answer names the point. */
const template = concatBytes(
  ...[u16(ALGORITHM.ecc), u16(ALGORITHM.sha256), u32(ATTRIBUTES), EMPTY],
  ...[u16(ALGORITHM.none), u16(ALGORITHM.none), u16(P256), u16(ALGORITHM.none)],
)

export interface AgreedSalt {
  /** Of the TPM's key: to be flushed. */
  readonly handle: number
  readonly salt: Uint8Array
  /** What the TPM needs in order to know the salt. */
  readonly encrypted: Uint8Array
}

/** No owner has to agree: the key is of the null hierarchy and gone when it is flushed. */
export async function agreeSalt(tpm: TpmTransport): Promise<AgreedSalt> {
  const { handle, x, y } = await createKey(tpm)
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const own = publicKey.export({ format: 'jwk' })
  const theirs = publicKeyOf(x, y)
  const shared = diffieHellman({ privateKey, publicKey: theirs })
  const [ownX, ownY] = [fromBase64url(own.x!), fromBase64url(own.y!)]
  // KDFe (Part 1 §11.4.10.3)
  const salt = createHash('sha256')
    .update(concatBytes(u32(1), shared, utf8('SECRET\0'), ownX, x))
    .digest()
  return { handle, salt, encrypted: concatBytes(sized(ownX), sized(ownY)) }
}

async function createKey(tpm: TpmTransport): Promise<{ handle: number; x: Uint8Array; y: Uint8Array }> {
  const password = concatBytes(u32(HANDLE.password), EMPTY, u8(1), EMPTY)
  const reader = await exchange(
    tpm,
    TAG.withSessions,
    COMMAND.createPrimary,
    concatBytes(
      ...[u32(HANDLE.none), u32(password.length), password, sized(EMPTY, EMPTY)],
      ...[sized(template, EMPTY, EMPTY), EMPTY, u32(0)],
    ),
  )
  const handle = reader.u32()
  const made = new Reader(new Reader(reader.take(reader.u32())).sized())
  made.take(template.length)
  const [x, y] = [made.sized(), made.sized()]
  made.end()
  // a coordinate that begins with zeros may come shorter
  if (x.length > 32 || y.length > 32) throw malformed()
  return { handle, x: padded(x), y: padded(y) }
}

function publicKeyOf(x: Uint8Array, y: Uint8Array): KeyObject {
  const key = { kty: 'EC', crv: 'P-256', x: toBase64url(x), y: toBase64url(y) }
  try {
    return createPublicKey({ key, format: 'jwk' })
  } catch {
    // a point that is not on the curve
    throw malformed()
  }
}

const padded = (bytes: Uint8Array): Uint8Array => concatBytes(new Uint8Array(32 - bytes.length), bytes)
