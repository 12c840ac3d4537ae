import { accountId, choice, events, flag, optional, text, u32, u64, u128 } from '@dcml/contract-build/contract'
import { images, key, pricePair } from './schemas.ts'
import { channelPrices } from './views.ts'

const offer = { provider: accountId, endpoint: text(256), prices: pricePair, por_account: optional(accountId) }

/** What an enclave needs to know a channel again, from its opening or from its forced closure alone. */
const identity = { channel_id: u64, payer: accountId, provider: accountId, challenge: key, session_key: key }

/** All that never changes of a channel, and what is deposited. */
const opening = {
  ...identity,
  payer_key: key,
  deposited: u128,
  prices: channelPrices,
  model_h: key,
  key_epoch: u32,
  expires_at: u64,
}

/** Everything that happens, as NEP-297 events. Amounts in yoctoNEAR, times in nanoseconds. */
export const emit = events('dcml_model', '1.0.0', {
  opened: { owner: accountId, beneficiary: accountId, model_h: key },
  prices_set: { prices: pricePair },
  images_set: { image_hs: images },
  key_epoch_set: { key_epoch: u32 },
  beneficiary_set: { beneficiary: accountId },
  provider_registered: { ...offer, free: u128 },
  provider_updated: offer,
  provider_left: { provider: accountId, returned: u128 },
  collateral_deposited: { provider: accountId, amount: u128, free: u128 },
  collateral_withdrawn: { provider: accountId, amount: u128, free: u128 },
  session_admitted: { provider: accountId, session_key: key },
  session_dismissed: { provider: accountId, session_key: key },
  channel_opened: opening,
  /** The same once more, for whom the opening is too old: a name of its own, as it opens nothing. */
  channel_told: { ...opening, seed: key },
  channel_topped_up: { channel_id: u64, amount: u128, deposited: u128 },
  close_started: { ...identity, deposited: u128, deadline: u64, fee: u128, expired: flag },
  /** Ended by approval. */
  channel_closed: {
    channel_id: u64,
    spent: u128,
    counter: u64,
    to_owner: u128,
    to_provider: u128,
    to_payer: u128,
    answered: flag,
  },
  /** Ended without one: the lock went to the beneficiary. */
  channel_forfeited: {
    channel_id: u64,
    provider: accountId,
    cause: choice('unanswered', 'disconnected', 'invalid_response'),
    to_owner: u128,
    to_payer: u128,
  },
  fault_asked: { channel_id: u64, cause: choice('disconnected', 'invalid_response'), por_account: accountId },
  fault_denied: { channel_id: u64, cause: choice('disconnected', 'invalid_response'), why: text(256) },
  owed: { account: accountId, amount: u128, total: u128 },
  owed_sent: { account: accountId, amount: u128 },
})
