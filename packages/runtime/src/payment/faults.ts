import { type Demand, demandDetails } from '@dcml/channels'
import { DcmlError } from '@dcml/protocol'

/** The 402: what has to be authorised before the request goes on. */
export const paymentRequired = (demand: Demand): DcmlError =>
  new DcmlError('payment_required', 'The voucher does not cover what the request costs.', {
    hint: demand.exhausted
      ? 'The deposit is used up: top the channel up, prove it, and sign a voucher of at least details.required.'
      : 'Sign a voucher of at least details.required and ask again.',
    details: demandDetails(demand),
  })

/** The 402 of a request that comes without a channel. */
export const channelRequired = (): DcmlError =>
  new DcmlError('payment_required', 'This enclave serves a model that is paid per token, through a payment channel.', {
    hint: 'Get a challenge at /dcml/v1/get-challenge, open a channel on the contract, prove it, and send dcml-voucher.',
  })

export const unmetered = (): DcmlError =>
  new DcmlError('engine_unmetered', 'The engine does not count tokens before it sends them, so they cannot be sold.', {
    hint: 'The host has to serve the model with another engine.',
  })

export const boundMissing = (): DcmlError =>
  new DcmlError('payment_bound_missing', 'Nothing bounds what the answer may cost.', {
    hint: 'Set max_tokens, or have the answer streamed and pay as it comes.',
    details: { param: 'max_tokens' },
  })

/** The engine broke its word about the prompt, which is charged. */
export const miscounted = (): DcmlError =>
  new DcmlError('engine_failed', 'The engine changed its count of tokens after they were charged.', {
    hint: 'Ask another host, and tell this one.',
  })
