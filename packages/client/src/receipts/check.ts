import type { Attested, Check } from '@dcml/attestation'
import type { SignedReceipt } from '@dcml/protocol'
import {
  type Chain,
  equalBytes,
  NO_CHAIN,
  NO_CHANNEL,
  parseReceipt,
  type Receipt,
  toHex,
  verifyReceipt,
} from '@dcml/protocol'
import { fail, pass, same, skipped } from './outcome.ts'

/** Token counts as an answer shows them in its `usage`. */
export interface Usage {
  readonly promptTokens: number
  readonly completionTokens: number
}

/** What the checker knows by itself about the answer that a receipt came with. */
export interface Expected {
  /** Evidence of the connection that the answer came over. The signer's key is read from its claims. */
  readonly attested: Pick<Attested, 'claims' | 'manifest'>
  /** Accepted models, lower-case hex. Left out: any. */
  readonly modelH?: readonly string[] | undefined
  /** SHA-256 of the request body that was sent. */
  readonly requestH: Uint8Array
  /** `ResponseHash` over the payloads that were received. */
  readonly responseH: Uint8Array
  /** Left out where the answer showed none. */
  readonly usage?: Usage | undefined
  /** What the header and the `dcml` member call the model, hex. */
  readonly shownModelH?: readonly string[]
  /** When the request was sent, Unix ms. Left out: not compared. */
  readonly sentAt?: number
  /** Unix ms. */
  readonly now: number
  /** Channel that pays, as receipts name it. Left out: nothing may be charged; `any`: whose it is cannot be told. */
  readonly channelId?: Uint8Array | 'any' | undefined
  /** Checks what was charged and takes it in; asked only where nothing else is wrong. Left out: not compared. */
  readonly pay?: ((signed: SignedReceipt) => Promise<void>) | undefined
  /** Takes the sequence number if it was never seen from this session key. Left out: not compared. */
  readonly admit?: (sequence: bigint) => boolean
}

/** Outcome of checking one receipt. */
export interface ReceiptVerdict {
  /** True when no check failed. */
  readonly ok: boolean
  readonly checks: readonly Check[]
}

/** Clocks of honest machines differ by less, in milliseconds. */
const MAX_SKEW = 60_000

const NAMES = [
  'receipt_format',
  'receipt_signature',
  'receipt_model_h',
  'receipt_model_shown',
  'receipt_image_h',
  'receipt_request_h',
  'receipt_response_h',
  'receipt_tokens',
  'receipt_chain',
  'receipt_channel',
  'receipt_time',
  'receipt_sequence',
  'receipt_payment',
]

/**
 * Checks a receipt against the answer it came with (paper §3): signed by the key that this connection's evidence names,
 * over this very request, response and model. Hostile input leads to failed checks, never to an exception.
 */
export async function checkReceipt(text: string, expected: Expected): Promise<ReceiptVerdict> {
  let signed: SignedReceipt
  try {
    signed = parseReceipt(text)
  } catch (error) {
    return verdict([fail('receipt_format', (error as Error).message)])
  }
  const { receipt } = signed
  const { claims, manifest } = expected.attested
  const genuine = await verifyReceipt(signed, claims.sessionKey)
  const checks = [
    pass('receipt_format', 'every field is there'),
    genuine
      ? pass('receipt_signature', 'signed by the session key of the verified enclave')
      : fail('receipt_signature', 'is not by the session key of the verified enclave'),
    modelCheck(receipt, expected),
    shownCheck(receipt, expected),
    same('receipt_image_h', receipt.imageH, claims.imageH),
    same('receipt_request_h', receipt.requestH, expected.requestH),
    same('receipt_response_h', receipt.responseH, expected.responseH),
    tokensCheck(receipt, expected),
    chainCheck(receipt, manifest.network ?? NO_CHAIN),
    channelCheck(receipt, expected),
    timeCheck(receipt, expected),
    // a forged receipt must not use up the number of a true one
    ...(genuine ? [sequenceCheck(receipt, expected)] : []),
  ]
  const isWhole = checks.every(({ status }) => status !== 'fail')
  return verdict(isWhole ? [...checks, await paymentCheck(signed, expected)] : checks)
}

/** Every check by name and in order, whether it was reached or not. */
function verdict(checks: readonly Check[]): ReceiptVerdict {
  const all = NAMES.map(
    (name) =>
      checks.find((check) => check.name === name) ?? skipped(name, 'not reached: it builds on a check that failed'),
  )
  return { ok: all.every(({ status }) => status !== 'fail'), checks: all }
}

function modelCheck({ modelH }: Receipt, expected: Expected): Check {
  const name = 'receipt_model_h'
  const model = toHex(modelH)
  if (expected.modelH === undefined) return skipped(name, `is ${model}; the policy accepts any model`)
  return expected.modelH.includes(model) ? pass(name, `${model} is accepted`) : fail(name, `${model} is not accepted`)
}

function shownCheck({ modelH }: Receipt, { shownModelH }: Expected): Check {
  const name = 'receipt_model_shown'
  if (shownModelH === undefined) return skipped(name, 'nothing to compare with')
  const model = toHex(modelH)
  const other = shownModelH.find((shown) => shown !== model)
  return other === undefined
    ? pass(name, 'the answer names the same model')
    : fail(name, 'the answer names another model')
}

function tokensCheck({ promptTokens, completionTokens }: Receipt, { usage }: Expected): Check {
  const name = 'receipt_tokens'
  const found = `${promptTokens} + ${completionTokens}`
  if (usage === undefined) return skipped(name, `says ${found}; the answer shows no usage`)
  if (promptTokens === usage.promptTokens && completionTokens === usage.completionTokens)
    return pass(name, `says ${found}, as the answer does`)
  return fail(name, `says ${found}; the answer says ${usage.promptTokens} + ${usage.completionTokens}`)
}

function chainCheck({ domain }: Receipt, chain: Chain): Check {
  const name = 'receipt_chain'
  return domain.networkId === chain.networkId && domain.contract === chain.contract
    ? pass(name, 'counts where the image manifest says')
    : fail(name, 'counts on another chain than the image manifest says')
}

function channelCheck(receipt: Receipt, expected: Expected): Check {
  const name = 'receipt_channel'
  if (expected.channelId === 'any')
    return skipped(name, `charges ${receipt.spent} yoctoNEAR so far to channel ${toHex(receipt.channelId)}`)
  if (expected.channelId !== undefined) return same(name, receipt.channelId, expected.channelId)
  return equalBytes(receipt.channelId, NO_CHANNEL) && receipt.spent === 0n
    ? pass(name, 'nothing was charged')
    : fail(name, 'charges a channel that this client did not open')
}

async function paymentCheck(signed: SignedReceipt, expected: Expected): Promise<Check> {
  const name = 'receipt_payment'
  if (expected.channelId === undefined) return pass(name, 'nothing was to be paid')
  if (expected.pay === undefined) return skipped(name, 'the vouchers of the channel are not at hand')
  try {
    await expected.pay(signed)
    return pass(name, 'charges what its tokens cost at the prices of the opening')
  } catch (error) {
    return fail(name, (error as Error).message)
  }
}

function timeCheck({ time }: Receipt, { sentAt, now }: Expected): Check {
  const name = 'receipt_time'
  const at = Number(time)
  if (at > now + MAX_SKEW) return fail(name, `lies ${Math.round((at - now) / 1000)} s in the future`)
  if (sentAt !== undefined && at < sentAt - MAX_SKEW)
    return fail(name, `lies ${Math.round((sentAt - at) / 1000)} s before the request`)
  return pass(name, sentAt === undefined ? 'lies in the past' : 'lies between request and now')
}

function sequenceCheck({ sequence }: Receipt, { admit }: Expected): Check {
  const name = 'receipt_sequence'
  if (admit === undefined) return skipped(name, `is ${sequence}; other receipts are not at hand`)
  return admit(sequence) ? pass(name, `${sequence} is new`) : fail(name, `${sequence} was used before`)
}
