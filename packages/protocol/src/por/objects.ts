import { sha256 } from '@noble/hashes/sha2.js'
import { bytes32, encode, type Infer, struct, text, u8, u16, u32, u64, u128 } from '../borsh.ts'
import { domainLayout } from '../domain.ts'
import { bytesOf, kind } from './kinds.ts'

/** Longest account id on NEAR, in bytes. */
const ACCOUNT = 64

export const requestLayout = struct({
  /** `dcml/por-request`; the subject is the requester's node key, which signs. */
  domain: domainLayout,
  /** Random: tells this request from every other; the same on every path that it is tried on. */
  requestId: bytes32,
  /** Accounts of the two nodes. */
  requester: text(ACCOUNT),
  recipient: text(ACCOUNT),
  /** Node key that must sign the response. */
  recipientKey: bytes32,
  /** SHA-256 and length in bytes of the payload. */
  payloadHash: bytes32,
  payloadLength: u32,
  /** Longest response in bytes that is paid for. */
  maxResponse: u32,
  /** ρ: yoctoNEAR per millisecond that every hop owes for being late. */
  lateRate: u128,
  /** S: milliseconds that the recipient may take. */
  service: u32,
  /** Which application answers, such as `dcml/ping`. */
  app: text(32),
})

/** What a requester signs (Proof of Response §2, less the path, so that it can be tried over others). */
export type PorRequest = Infer<typeof requestLayout>
export const porRequest = kind('dcml/por-request', requestLayout)

/** Names a request wherever it travels: SHA-256 of what its requester signs. */
export const requestHash = (request: PorRequest): Uint8Array => sha256(bytesOf(porRequest, request))

export const responseLayout = struct({
  /** `dcml/por-response`; the subject is the recipient's node key, which signs. */
  domain: domainLayout,
  requestHash: bytes32,
  /** 0: answered. 1: no such application. 2: the application failed. */
  status: u8,
  /** SHA-256 and length in bytes of the payload. */
  payloadHash: bytes32,
  payloadLength: u32,
})

/** What a recipient signs (§2): that it said this to that request. */
export type PorResponse = Infer<typeof responseLayout>
export const porResponse = kind('dcml/por-response', responseLayout)

const voucherLayout = struct({
  /** `dcml/por-voucher`; the subject is the paying endpoint's node key, which signs. */
  domain: domainLayout,
  edgeId: u64,
  /** Counts this payer's vouchers on this edge, from 1. */
  seq: u64,
  /** yoctoNEAR paid in this direction in all. */
  total: u128,
})

/** What one endpoint of an edge pays the other, cumulative in each direction. */
export type PorVoucher = Infer<typeof voucherLayout>
export const porVoucher = kind('dcml/por-voucher', voucherLayout)

const severLayout = struct({
  /** `dcml/por-sever`; the subject is the cutting endpoint's node key, which signs. */
  domain: domainLayout,
  edgeId: u64,
})

/** An endpoint’s word that it cuts an edge (§3): whoever holds it can carry it out, and nobody can take it back. */
export type SeverCert = Infer<typeof severLayout>
export const severCert = kind('dcml/por-sever', severLayout)

/** What two endpoints agree about an edge (§2: L, C, B), with what the paper leaves to them. */
export const edgeParamsLayout = struct({
  /** L: promised one-way latency in ms, a relay's own work included. */
  latency: u32,
  /** C: yoctoNEAR per request. */
  baseCost: u128,
  /** B: yoctoNEAR per byte, of the request and of the longest response. */
  byteCost: u128,
  /** Least and most ρ that both take, in yoctoNEAR per ms. */
  minLateRate: u128,
  maxLateRate: u128,
  /** Δ: ms between two settlements of late fees. */
  sync: u32,
  /** Requests under way, in each direction. */
  maxInflight: u16,
  /** 0: not promised. */
  bytesPerSecond: u32,
})
export type EdgeParams = Infer<typeof edgeParamsLayout>

/** What the peer of an offered edge confirms: SHA-256 of its parameters. */
export const paramsHash = (params: EdgeParams): Uint8Array => sha256(encode(edgeParamsLayout, params))

const updateLayout = struct({
  /** `dcml/por-update`; the subject is the signing endpoint's node key: both sign. */
  domain: domainLayout,
  edgeId: u64,
  /** Counts the updates of this edge, from 1. */
  revision: u32,
  params: edgeParamsLayout,
  /** Block height from which they hold. */
  effectiveFrom: u64,
})

/** New parameters for an edge, agreed by both. */
export type EdgeUpdate = Infer<typeof updateLayout>
export const edgeUpdate = kind('dcml/por-update', updateLayout)

const closeLayout = struct({
  /** `dcml/por-close`; the subject is the signing endpoint's node key: both sign. */
  domain: domainLayout,
  edgeId: u64,
  /** yoctoNEAR that each endpoint gets; together what both deposited. */
  balanceU: u128,
  balanceV: u128,
  /** Not carried out below this block height. */
  notBefore: u64,
})

/** Final balances of an edge, agreed by both. */
export type CloseOffer = Infer<typeof closeLayout>
export const closeOffer = kind('dcml/por-close', closeLayout)
