// How a node's records are written for its store.
import { bytes, bytes32, encode, type Layout, list, option, struct, text, u32, u64, u128 } from '@dcml/protocol'
import type { Kept, Outcome } from '../core/types.ts'
import {
  MAX_HOPS,
  MAX_REQUEST,
  MAX_RESPONSE,
  signedRequest,
  signedResponse,
  signedSever,
  signedVoucher,
} from './messages.ts'
import { decodeCopy, tagged } from './tagged.ts'

/** Whole milliseconds of the node's clock. */
const time: Layout<number> = {
  write: (value, out) => u64.write(BigInt(value), out),
  read: (cursor) => Number(u64.read(cursor)),
}
/** Absent or a time. */
const maybeTime: Layout<number | undefined> = {
  write: (value, out) => option(time).write(value ?? null, out),
  read: (cursor) => option(time).read(cursor) ?? undefined,
}
/** Absent or an amount. */
const maybeAmount: Layout<bigint | undefined> = {
  write: (value, out) => option(u128).write(value ?? null, out),
  read: (cursor) => option(u128).read(cursor) ?? undefined,
}
const holds = list(u32, MAX_HOPS)

const outcome = tagged<Outcome>('kind', {
  response: [0, struct({ response: signedResponse, payload: bytes(MAX_RESPONSE), holds }) as Layout<never>],
  broken: [1, struct({ edgeId: u64, cert: option(signedSever), holds }) as Layout<never>],
  refused: [2, struct({ reason: text(32) }) as Layout<never>],
})

const kept = tagged<Kept>('kind', {
  sent: [0, struct({ voucher: signedVoucher, lateUntil: maybeTime }) as Layout<never>],
  received: [1, struct({ voucher: signedVoucher, charged: maybeAmount }) as Layout<never>],
  accepted: [
    2,
    struct({
      request: signedRequest,
      from: option(u64),
      path: list(u64, MAX_HOPS),
      lateAt: time,
      resolveBy: time,
      fee: u128,
      payload: bytes(MAX_REQUEST),
    }) as Layout<never>,
  ],
  resolved: [3, struct({ requestHash: bytes32, from: option(u64), outcome, until: maybeTime }) as Layout<never>],
  forgotten: [4, struct({ requestHash: bytes32, from: option(u64) }) as Layout<never>],
  cut: [5, struct({ cert: signedSever }) as Layout<never>],
})
const records = list(kept, 2 ** 32 - 1)

/** Records in the order they were kept. @throws DcmlError `borsh_invalid` where a field does not fit */
export const encodeKept = (value: readonly Kept[]): Uint8Array<ArrayBuffer> => encode(records, value as Kept[])

/** @throws DcmlError `borsh_invalid` on anything but what {@link encodeKept} writes */
export const decodeKept = (input: Uint8Array): readonly Kept[] => decodeCopy(records, input)
