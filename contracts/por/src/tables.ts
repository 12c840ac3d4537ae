import {
  attachedDeposit,
  blockHeight,
  blockTimestamp,
  predecessorAccountId,
  table,
  text,
  u128,
} from '@dcml/contract-build/contract'
import type { Books, Caller, Totals } from './books.ts'
import { MAX_LINKS } from './links.ts'
import type { Rules } from './rules.ts'
import * as schema from './schemas.ts'

/** Longest id, account and mark of a link. */
const LINK = 20 + 64 + 21 + 3

const rows = {
  nodes: table('node', schema.node),
  gone: table('gone', schema.gone),
  keys: table('key', text(64)),
  seats: table('seat', text(64)),
  links: table('links', text(MAX_LINKS * LINK)),
  edges: table('edge', schema.edge),
  terms: table('terms', schema.terms),
  escrows: table('escrow', schema.escrow),
  proofs: table('proof', schema.proof),
  marks: table('mark', text(24)),
  owed: table('owed', u128),
}

/** The fields of the contract that the books are about. */
export interface Kept {
  readonly laws: Rules
  held: Totals
  nextEdge: bigint
  nextSeat: number
  nextProof: bigint
  graphVersion: bigint
}

/** The books over the contract's storage; what is counted lives in its state. */
export const booksOf = (contract: Kept): Books => ({
  ...rows,
  rules: contract.laws,
  get totals() {
    return contract.held
  },
  set totals(totals) {
    contract.held = totals
  },
  get nextEdge() {
    return contract.nextEdge
  },
  set nextEdge(id) {
    contract.nextEdge = id
  },
  get nextSeat() {
    return contract.nextSeat
  },
  set nextSeat(seat) {
    contract.nextSeat = seat
  },
  get nextProof() {
    return contract.nextProof
  },
  set nextProof(id) {
    contract.nextProof = id
  },
  get version() {
    return contract.graphVersion
  },
  set version(version) {
    contract.graphVersion = version
  },
})

export const caller = (): Caller => ({
  by: predecessorAccountId(),
  attached: attachedDeposit(),
  now: blockTimestamp(),
  height: blockHeight(),
})
