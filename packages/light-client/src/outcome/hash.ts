// How an outcome becomes a leaf of the outcome root (nearcore `ExecutionOutcomeWithId::to_hashes`).
import { bytes, encode, list, struct, u32, u64, u128, utf8 } from '@dcml/protocol'
import { sha256 } from '@noble/hashes/sha2.js'
import { UNBOUNDED } from '../transaction/access-key.ts'
import type { AccountId, CryptoHash } from '../transaction/types.ts'
import { accountIdLayout } from '../wire/account-id.ts'
import { formatHash, hashLayout, hashOf, parseHash } from '../wire/hash.ts'
import { union } from '../wire/union.ts'
import type { Outcome, OutcomeStatus } from './types.ts'

const status = union<OutcomeStatus>('status', {
  Unknown: [0, struct<object>({})],
  Failure: [1, { write: () => {}, read: () => ({ error: undefined }) }], // what went wrong is not hashed
  SuccessValue: [2, struct({ value: bytes(UNBOUNDED) })],
  SuccessReceiptId: [3, struct({ receiptId: hashLayout })],
})

interface Partial {
  readonly receiptIds: CryptoHash[]
  readonly gasBurnt: bigint
  readonly tokensBurnt: bigint
  readonly executorId: AccountId
  readonly status: OutcomeStatus
}
const partial = struct<Partial>({
  receiptIds: list(hashLayout, UNBOUNDED),
  gasBurnt: u64,
  tokensBurnt: u128,
  executorId: accountIdLayout,
  status,
})

const hashesOf = (id: CryptoHash, outcome: Outcome): Uint8Array[] => [
  parseHash(id),
  sha256(encode(partial, { ...outcome, receiptIds: [...outcome.receiptIds] })),
  ...outcome.logs.map((log) => sha256(utf8(log))),
]

/** The hashes an outcome stands for: its id, its hashed fields, and one for each log. */
export const outcomeHashes = (id: CryptoHash, outcome: Outcome): CryptoHash[] => hashesOf(id, outcome).map(formatHash)

/** Leaf of an outcome in its shard's tree: `merklize` of all leaves of a chunk gives the shard's outcome root. */
export function outcomeLeaf(id: CryptoHash, outcome: Outcome): CryptoHash {
  const hashes = hashesOf(id, outcome)
  return hashOf(encode(u32, hashes.length), ...hashes)
}

/** Leaf of a shard's outcome root: `merklize` of all shards' leaves gives the header's `outcomeRoot`. */
export const shardLeaf = (shardOutcomeRoot: CryptoHash): CryptoHash => hashOf(parseHash(shardOutcomeRoot))
