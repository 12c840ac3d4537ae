// What an owner may change after the deployment. It binds channels that open later, never those that are open.
import type { SentCall } from '@dcml/near/model'
import { type OwnerOptions, ownerCall, requireAccounts } from './owner.ts'

/** What the owner earns per token, in yoctoNEAR; `parsePrice` of `@dcml/near/model` reads "0.5 NEAR per million tokens". */
export interface OwnerPrices {
  /** Per prompt token. */
  readonly input: bigint
  /** Per completion token. */
  readonly output: bigint
}

/**
 * Sets the owner's prices.
 * @throws DcmlError here and below: what `sendTransaction` throws; `near_transaction_failed` for anyone but the owner
 */
export async function setPrices(options: OwnerOptions & { readonly prices: OwnerPrices }): Promise<SentCall> {
  const { prices, ...rest } = options
  const { at, options: call } = ownerCall(rest)
  return at.set_prices({ prices }, call)
}

/**
 * Sets the workloads that may serve the model.
 * @param options.imageHs at most 16 hashes of image manifests, 32 bytes each; none closes the model to new payers
 */
export async function setImages(
  options: OwnerOptions & { readonly imageHs: readonly Uint8Array[] },
): Promise<SentCall> {
  const { imageHs, ...rest } = options
  const { at, options: call } = ownerCall(rest)
  return at.set_images({ image_hs: imageHs }, call)
}

/**
 * Names who earns the owner's share: an account, or a contract that divides it among many (paper §7).
 * @throws DcmlError `account_unknown`
 */
export async function setBeneficiary(options: OwnerOptions & { readonly beneficiary: string }): Promise<SentCall> {
  const { beneficiary, ...rest } = options
  await requireAccounts(rest.near, [beneficiary], rest.signal === undefined ? {} : { signal: rest.signal })
  const { at, options: call } = ownerCall(rest)
  return at.set_beneficiary({ beneficiary }, call)
}

/** Says that the model's secret key was rotated; epochs only grow. Enclaves with an older key open no new channels. */
export async function setKeyEpoch(options: OwnerOptions & { readonly keyEpoch: number }): Promise<SentCall> {
  const { keyEpoch, ...rest } = options
  const { at, options: call } = ownerCall(rest)
  return at.set_key_epoch({ key_epoch: keyEpoch }, call)
}
