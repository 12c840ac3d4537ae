// Transactions as bytes (nearcore `core/primitives/src/transaction.rs`). Reading is strict: what is accepted encodes
// to the same bytes again, so a hash of a transaction is a hash of exactly one meaning.
import { DcmlError, decode, encode, type Layout, struct, u8, u64 } from '@dcml/protocol'
import { accountIdLayout } from '../wire/account-id.ts'
import { hashLayout, hashOf } from '../wire/hash.ts'
import { publicKeyLayout, signatureLayout } from '../wire/keys.ts'
import { names } from '../wire/union.ts'
import { actionsLayout } from './actions.ts'
import { type KeyNonce, keyNonceLayout } from './nonce.ts'
import type { CryptoHash, SignedTransaction, Transaction } from './types.ts'

const head = { signerId: accountIdLayout, publicKey: publicKeyLayout }
const tail = { receiverId: accountIdLayout, blockHash: hashLayout, actions: actionsLayout }

type V0 = Omit<Transaction, 'version' | 'nonceIndex' | 'nonceMode'>
const v0 = struct<V0>({ ...head, nonce: u64, ...tail })

type V1 = Omit<V0, 'nonce'> & { readonly nonce: KeyNonce; readonly nonceMode: 'Monotonic' | 'Strict' }
const v1 = struct<V1>({
  ...head,
  nonce: keyNonceLayout,
  ...tail,
  nonceMode: names<'Monotonic' | 'Strict'>('nonce mode', ['Monotonic', 'Strict']),
})

/**
 * A transaction without its signature. Version 0 has no tag: it starts with the length of an account id, whose
 * second byte is always 0. Version 1 starts with the byte 1.
 */
export const transactionLayout: Layout<Transaction> = {
  write(transaction, out) {
    const { version, nonceIndex, nonceMode, ...rest } = transaction
    if (version === 0) {
      if (nonceIndex !== undefined || nonceMode !== undefined)
        throw invalid('Gas-key nonces and nonce modes need version 1.')
      return v0.write(rest, out)
    }
    if (version !== 1) throw invalid(`${version} is no version of a transaction.`)
    u8.write(1, out)
    const nonce: KeyNonce = { nonce: rest.nonce, ...(nonceIndex !== undefined && { nonceIndex }) }
    v1.write({ ...rest, nonce, nonceMode: nonceMode ?? 'Monotonic' }, out)
  },
  read(cursor) {
    if (cursor.bytes[cursor.offset + 1] === 0) return { version: 0, ...v0.read(cursor) }
    const version = u8.read(cursor)
    if (version !== 1) throw invalid(`${version} is no version of a transaction.`)
    const { nonce, ...rest } = v1.read(cursor)
    return { version: 1, ...rest, ...nonce }
  },
}

const signedLayout = struct<Pick<SignedTransaction, 'transaction' | 'signature'>>({
  transaction: transactionLayout,
  signature: signatureLayout,
})

/**
 * The unsigned bytes: their SHA-256 is the transaction's id, and what its signer signs.
 * @throws DcmlError `borsh_invalid` where a field does not fit; `near_hash_invalid`, `near_key_invalid`
 */
export const encodeTransaction = (transaction: Transaction): Uint8Array<ArrayBuffer> =>
  encode(transactionLayout, transaction)

/** Id of the transaction and message of its signature: SHA-256 of {@link encodeTransaction}. */
export const transactionHash = (transaction: Transaction): CryptoHash => hashOf(encodeTransaction(transaction))

/**
 * The bytes RPC takes and chunks hold.
 * @throws DcmlError like {@link encodeTransaction}, and `near_signature_invalid`
 */
export const encodeSignedTransaction = (
  signed: Pick<SignedTransaction, 'transaction' | 'signature'>,
): Uint8Array<ArrayBuffer> => encode(signedLayout, signed)

/**
 * Reads the bytes RPC takes and chunks hold. The signature is read, not verified: `hash` is its message.
 * @throws DcmlError `borsh_invalid` on anything but the exact bytes of one signed transaction
 */
export function decodeSignedTransaction(bytes: Uint8Array): SignedTransaction {
  const { transaction, signature } = decode(signedLayout, bytes)
  const unsigned = encodeTransaction(transaction)
  return { transaction, signature, hash: hashOf(unsigned), size: unsigned.length }
}

const invalid = (message: string): DcmlError =>
  new DcmlError('borsh_invalid', message, { hint: 'The object was damaged or made for a newer protocol version.' })
