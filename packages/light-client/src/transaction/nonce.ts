import { type Layout, struct, u16, u64 } from '@dcml/protocol'
import { union } from '../wire/union.ts'

/** A nonce of an access key, or one of the nonces of a gas key. */
export interface KeyNonce {
  readonly nonce: bigint
  readonly nonceIndex?: number
}

type Wire =
  | { readonly type: 'Nonce'; readonly nonce: bigint }
  | { readonly type: 'GasKeyNonce'; readonly nonce: bigint; readonly nonceIndex: number }

const wire = union<Wire>('nonce', {
  Nonce: [0, struct({ nonce: u64 })],
  GasKeyNonce: [1, struct({ nonce: u64, nonceIndex: u16 })],
})

export const keyNonceLayout: Layout<KeyNonce> = {
  write: ({ nonce, nonceIndex }, out) =>
    wire.write(nonceIndex === undefined ? { type: 'Nonce', nonce } : { type: 'GasKeyNonce', nonce, nonceIndex }, out),
  read(cursor) {
    const { type: _, ...nonce } = wire.read(cursor)
    return nonce
  },
}
