/**
 * Answer, or proof that the network cut you off? The core of Proof of Response (paper §8): pure, with time handed in.
 * @packageDocumentation
 */
export { createMachine } from './core/machine.ts'
export { cutTheSilent, keepWhatPays } from './core/patience.ts'
export type {
  Ask,
  CreateMachine,
  EdgeBooks,
  Effect,
  GraphView,
  Input,
  Kept,
  Machine,
  NodeConfig,
  Note,
  Offer,
  Outcome,
  Patience,
  Trouble,
} from './core/types.ts'
export type { Asker } from './requester/asker.ts'
export type { Answer } from './requester/attempt.ts'
export { type IsolateResult, isolate } from './requester/isolate.ts'
export type { RequestOptions } from './requester/options.ts'
export { type Lost, RECLAIM, reclaim, reclaimLayout } from './requester/reclaim.ts'
export { type RequestResult, request } from './requester/request.ts'
export { stakeWeightedCentre } from './routes/centre.ts'
export { Graph, otherEnd } from './routes/graph.ts'
export { buildPartitionProof } from './routes/partition.ts'
export { findRoute, type Route } from './routes/route.ts'
export { HoldScores } from './routes/scores.ts'
export type { RouteNeeds } from './routes/usable.ts'
export { decodeMessage, encodeMessage, MAX_MESSAGE } from './wire/codec.ts'
export { encodeFrame, FrameReader, HEARTBEAT } from './wire/frames.ts'
export { decodeKept, encodeKept } from './wire/kept.ts'
export {
  MAX_HOPS,
  MAX_LATE,
  MAX_REQUEST,
  MAX_RESPONSE,
  type Message,
  type MessageBody,
  type MessageType,
  REFUSALS,
  type Refusal,
} from './wire/messages.ts'
