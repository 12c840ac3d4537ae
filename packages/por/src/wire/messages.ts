// What neighbours say to each other (Proof of Response §2, §3), inside a session that both authenticated. Only what a
// third party may have to judge is signed; the rest the session vouches for.
import { bytes, bytes32, type Infer, list, option, struct, text, u8, u16, u32, u64, u128 } from '@dcml/protocol'
import {
  closeOffer,
  edgeUpdate,
  porRequest,
  porResponse,
  porVoucher,
  severCert,
  signedLayout,
} from '@dcml/protocol/por'

/** Longest payloads in bytes; what is longer, the application cuts up. */
export const MAX_REQUEST = 64 * 1024
export const MAX_RESPONSE = 1024 * 1024
/** Most edges on a path. */
export const MAX_HOPS = 8
/** Most requests that one settlement of late fees lists. */
export const MAX_LATE = 1024

export const signedVoucher = signedLayout(porVoucher)
export const signedRequest = signedLayout(porRequest)
export const signedResponse = signedLayout(porResponse)
export const signedSever = signedLayout(severCert)
export const signedUpdate = signedLayout(edgeUpdate)
export const signedClose = signedLayout(closeOffer)

/** First on every session, each way. What one side forgot in a crash, the other’s vouchers bring back. */
export const helloLayout = struct({
  version: u8,
  networkId: text(64),
  contract: text(64),
  account: text(64),
  edgeId: u64,
  /** Best vouchers of this edge, as the speaker holds them: what it paid, and what it was paid. */
  paid: option(signedVoucher),
  received: option(signedVoucher),
  window: u16,
})

export const requestMessageLayout = struct({
  request: signedRequest,
  /** Edge this comes over, and the edges that it shall go on over. */
  edgeId: u64,
  path: list(u64, MAX_HOPS),
  /** Milliseconds until the response is late (τ) and until the hop must be resolved (X), from when this was sent. */
  soft: u32,
  hard: u32,
  /** yoctoNEAR for this edge and the ones after it. */
  fee: u128,
  payload: bytes(MAX_REQUEST),
  /** Absent while what is unpaid stays within the credit. */
  voucher: option(signedVoucher),
})

export const ackLayout = struct({ requestHash: bytes32, edgeId: u64, window: u16 })

/** Why a request is not taken up; never after an ack. */
export const REFUSALS = [
  'stale',
  'window',
  'reserve',
  'voucher',
  'budget',
  'closing',
  'duplicate',
  'rate',
  'fee',
  'signature',
  'payload',
  'busy',
] as const
export type Refusal = (typeof REFUSALS)[number]
export const refuseLayout = struct({ requestHash: bytes32, edgeId: u64, reason: u8 })

/** How long each hop held the request, in ms, from the recipient back; unsigned, for choosing routes only. */
const holds = list(u32, MAX_HOPS)

export const responseMessageLayout = struct({
  edgeId: u64,
  response: signedResponse,
  payload: bytes(MAX_RESPONSE),
  voucher: option(signedVoucher),
  holds,
})

export const brokenLayout = struct({
  requestHash: bytes32,
  edgeId: u64,
  /** The edge that is no more, and its endpoint’s word; without that, the contract shows it. */
  brokenEdge: u64,
  cert: option(signedSever),
  voucher: option(signedVoucher),
  holds,
})

/** Settles late fees and says: I am here. */
export const syncLayout = struct({
  edgeId: u64,
  tick: u32,
  /** Milliseconds to the next. */
  next: u32,
  /** Per late request: milliseconds since what was last paid for, and yoctoNEAR. */
  late: list(struct({ requestHash: bytes32, lateness: u32, amount: u128 }), MAX_LATE),
  voucher: option(signedVoucher),
  window: u16,
})

/** Pays for a batch of requests that came without vouchers. */
export const payLayout = struct({ edgeId: u64, voucher: signedVoucher })

const LAYOUTS = {
  hello: helloLayout,
  request: requestMessageLayout,
  ack: ackLayout,
  refuse: refuseLayout,
  response: responseMessageLayout,
  broken: brokenLayout,
  sync: syncLayout,
  pay: payLayout,
  update: signedUpdate,
  close: signedClose,
} as const

export type MessageType = keyof typeof LAYOUTS
export type MessageBody<T extends MessageType> = Infer<(typeof LAYOUTS)[T]>
export type Message = { [T in MessageType]: { readonly type: T } & MessageBody<T> }[MessageType]
export { LAYOUTS as MESSAGE_LAYOUTS }
