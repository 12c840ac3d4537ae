import {
  accountId,
  base64,
  choice,
  flag,
  hex,
  list,
  optional,
  record,
  type Schema,
  text,
  u16,
  u32,
  u64,
  u128,
} from '@dcml/contract-build/contract'
import type { Edge } from './edge.ts'
import type { Escrow } from './escrow.ts'
import type { Gone, Node } from './node.ts'
import { MAX_CUT, MAX_WITNESS } from './partition.ts'
import type { Proof } from './proof.ts'
import type { Params, Terms } from './terms.ts'

/** 32 bytes in lower-case hex that the contract compares and stores, and rarely looks into. */
export const key: Schema<string> = (() => {
  const bytes = hex(32)
  const check = (value: unknown): string => {
    bytes.parse(value as never)
    return value as string
  }
  return { ...bytes, parse: check, format: check }
})()

/** Written by this contract only: read without the check that arguments get. */
const account = text(64)

const isolation = record({ since: u64, at: u64 })

export const node: Schema<Node> = record({
  key: text(64),
  endpoint: text(100),
  seat: u32,
  stake: u128,
  stakedAt: u64,
  version: u64,
  isolated: optional(isolation),
  prior: optional(record({ since: u64, at: u64, until: u64 })),
})

export const gone: Schema<Gone> = record({ since: u64, at: u64, proven: flag })

export const edge: Schema<Edge> = record({
  u: account,
  v: account,
  status: choice('pending', 'active', 'closing', 'severed'),
  activeFrom: optional(u64),
  endedAt: optional(u64),
  depositU: u128,
  depositV: u128,
  seqU: u64,
  paidU: u128,
  seqV: u64,
  paidV: u128,
})

const rowParams: Schema<Params> = record({
  latency: u32,
  baseCost: u128,
  byteCost: u128,
  minLateRate: u128,
  maxLateRate: u128,
  sync: u32,
  maxInflight: u16,
  bytesPerSecond: u32,
})

export const terms: Schema<Terms> = record({
  params: rowParams,
  revision: u32,
  next: optional(record({ params: rowParams, from: u64 })),
})

export const escrow: Schema<Escrow> = record({ u: account, v: account, severedAt: u64 })

export const proof: Schema<Proof> = record({
  by: account,
  room: u32,
  marks: u32,
  at: u64,
  unchecked: u32,
  hasWitness: flag,
  hasCut: flag,
  stakeWitness: u128,
  stakeCut: u128,
  slashes: flag,
  dropped: flag,
})

export const rules = record({
  treasury: account,
  minStake: u128,
  penalty: u128,
  slash: u128,
  bounty: u128,
  activation: u64,
  notice: u64,
  challenge: u64,
  window: u64,
})

export const totals = record(
  { stakes: u128, deposits: u128, bonds: u128, escrow: u128, treasury: u128, owed: u128, storage: u128 },
  'Totals',
)

/** What `open` is given; tells all of the contract's rules. */
export const rulesGiven = record(
  {
    treasury: accountId,
    min_stake: u128,
    penalty: u128,
    slash_bps: u16,
    bounty: u128,
    activation_ms: u64,
    close_notice_ms: u64,
    challenge_ms: u64,
    reimbursement_ms: u64,
  },
  'Rules',
)

/** An edge's terms as callers write them. */
export const params = record(
  {
    latency: u32,
    base_cost: u128,
    byte_cost: u128,
    min_late_rate: u128,
    max_late_rate: u128,
    sync: u32,
    max_inflight: u16,
    bytes_per_second: u32,
  },
  'EdgeParams',
)

const signature = base64(64, 64)

export const update = {
  edge_id: u64,
  revision: u32,
  params,
  effective_from: u64,
  signature_u: signature,
  signature_v: signature,
}

export const close = {
  edge_id: u64,
  balance_u: u128,
  balance_v: u128,
  not_before: u64,
  signature_u: signature,
  signature_v: signature,
}

export const cert = { edge_id: u64, by: accountId, signature }

export const voucher = { edge_id: u64, by: accountId, seq: u64, total: u128, signature }

/** Whatever is not an account id is not the key of a node either. */
const accounts = (max: number) => list(account, max)

export const certificate = {
  cut: accounts(MAX_CUT),
  witness: accounts(MAX_WITNESS),
  tree: list(u64, MAX_WITNESS - 1),
}

export const chunk = { cut: accounts(MAX_WITNESS), witness: accounts(MAX_WITNESS) }

export const collected = { proof_id: u64, ...chunk, tree: list(u64, MAX_WITNESS) }

export const some = { proof_id: u64, accounts: accounts(MAX_WITNESS) }

/** Longest path of a reconnection. */
export const path = { account: accountId, path: list(u64, 64) }

/** What a call sent, for the callback that looks whether it arrived. */
export const payouts = { payouts: list(record({ account: accountId, amount: u128 }), 2) }
