import { type AccountId, type Curve, formatPublicKey, type PublicKey } from '@dcml/light-client'
import { fromHex } from '@dcml/protocol'

/** Bytes of a key in state: ML-DSA keys stand there as a 32-byte hash (nearcore `PublicKeyHandle`). */
const handleLengths: Readonly<Record<Curve, number>> = { ed25519: 33, secp256k1: 65, 'ml-dsa-65': 33 }
/** Bytes of a key in transactions. */
const wireLengths: Readonly<Record<Curve, number>> = { ed25519: 33, secp256k1: 65, 'ml-dsa-65': 1953 }

export const curveOf = (key: PublicKey): Curve => key.slice(0, key.indexOf(':')) as Curve

export const handleLength = (key: PublicKey): number => handleLengths[curveOf(key)]

export const wireLength = (key: PublicKey): number => wireLengths[curveOf(key)]

/** The key that a 64-digit account id is. */
export const keyOfImplicitAccount = (id: AccountId): PublicKey =>
  formatPublicKey({ curve: 'ed25519', bytes: fromHex(id) })

/** Stands where a receipt has no signer: refunds of deposits, view calls. */
export const EMPTY_KEY: PublicKey = formatPublicKey({ curve: 'ed25519', bytes: new Uint8Array(32) })
