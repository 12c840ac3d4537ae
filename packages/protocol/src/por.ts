/**
 * What nodes of Proof of Response (paper §8) sign, and what they know of each other from the contract.
 * @packageDocumentation
 */
export {
  type ChannelClosing,
  CLOSE_CHANNEL,
  CLOSE_CHANNEL_RESPONSE,
  CLOSE_CHANNEL_SERVICE,
  formatChannelClosing,
  parseChannelClosing,
} from './por/close-channel.ts'
export type {
  EdgeFacts,
  EdgeStatus,
  GraphChange,
  GraphFacts,
  NodeFacts,
  PartitionProof,
  PorChain,
} from './por/facts.ts'
export {
  bytesOf,
  decodeSigned,
  encodeSigned,
  type Kind,
  type NodeSigner,
  requireSigned,
  type Signed,
  sign,
  signedLayout,
  type VerifyNow,
} from './por/kinds.ts'
export {
  type CloseOffer,
  closeOffer,
  type EdgeParams,
  type EdgeUpdate,
  edgeParamsLayout,
  edgeUpdate,
  type PorRequest,
  type PorResponse,
  type PorVoucher,
  paramsHash,
  porRequest,
  porResponse,
  porVoucher,
  requestHash,
  requestLayout,
  responseLayout,
  type SeverCert,
  severCert,
} from './por/objects.ts'
