/**
 * What exactly is signed or sent: borsh layouts, domain-separated objects, amounts, errors. No I/O; runs in Node,
 * browsers and contracts.
 * @packageDocumentation
 */
export { formatAmount, parseAmount } from './amounts.ts'
export {
  type Approval,
  type ApprovalChannel,
  encodeApproval,
  formatApproval,
  parseApproval,
  type SignedApproval,
  signApproval,
  verifyApproval,
} from './approval.ts'
export {
  bytes,
  bytes32,
  decode,
  decodeShared,
  encode,
  fixed,
  type Infer,
  type Layout,
  list,
  option,
  struct,
  text,
  u8,
  u16,
  u32,
  u64,
  u128,
} from './borsh.ts'
export { concatBytes, equalBytes, fromBase64url, fromHex, toBase64url, toHex, utf8 } from './bytes.ts'
export type { Check, CheckStatus } from './check.ts'
export {
  type ClosureRequest,
  encodeClosureRequest,
  formatClosureRequest,
  parseClosureRequest,
  type SignedClosureRequest,
  signClosureRequest,
  verifyClosureRequest,
} from './closure-request.ts'
export { type Chain, type Domain, domainLayout, NO_CHAIN } from './domain.ts'
export { DcmlError, type DcmlErrorOptions } from './errors.ts'
export { decodeKeyGrant, encodeKeyGrant, type KeyGrant } from './grant.ts'
export {
  encodeMarkClaim,
  encodeMarkStep,
  type MarkClaim,
  type MarkStep,
  signMarkClaim,
  signMarkStep,
} from './mark.ts'
export type { PayerChannel } from './payer-signed.ts'
export { verifyEd25519Portable } from './portable-signature.ts'
export { type Prices, type Shares, sharesOf, type TokenCounts } from './prices.ts'
export {
  encodeReceipt,
  formatReceipt,
  NO_CHANNEL,
  parseReceipt,
  type Receipt,
  type SignedReceipt,
  signReceipt,
  verifyReceipt,
} from './receipt.ts'
export { attachDcml, type DcmlField, detachDcml, type Hasher, ResponseHash } from './response.ts'
export { type Ed25519Check, ed25519Verifier, type Signer, verifyEd25519 } from './signature.ts'
export {
  encodeVoucher,
  formatVoucher,
  parseVoucher,
  type SignedVoucher,
  signVoucher,
  type Voucher,
  verifyVoucher,
} from './voucher.ts'
