import { accountId, optional, record, text, u32, u64, u128, type Value } from '@dcml/contract-build/contract'
import type { Prices } from '@dcml/protocol'
import type { Channel } from './channel.ts'
import type { Provider } from './provider.ts'
import { images, key, pricePair } from './schemas.ts'

/** What `terms` tells. */
export const terms = record(
  {
    owner: accountId,
    beneficiary: accountId,
    model_h: key,
    key_epoch: u32,
    image_hs: images,
    prices: pricePair,
    challenge_period: u64,
    expiry: u64,
    close_fee: u128,
    next_channel: u64,
  },
  'Terms',
)

/** The prices of one channel. */
export const channelPrices = record(
  { owner_input: u128, owner_output: u128, host_input: u128, host_output: u128 },
  'ChannelPrices',
)

/** What `provider` tells. */
export const providerView = record(
  { endpoint: text(256), prices: pricePair, por_account: optional(accountId), free: u128, locked: u128, sessions: u32 },
  'Provider',
)

/** What `channel` tells; the lock is as much as `deposited`. */
export const channelView = record(
  {
    payer: accountId,
    provider: accountId,
    beneficiary: accountId,
    por_account: optional(accountId),
    payer_key: key,
    session_key: key,
    challenge: key,
    seed: key,
    prices: channelPrices,
    key_epoch: u32,
    deposited: u128,
    opened_at: u64,
    expires_at: u64,
    closing: optional(record({ deadline: u64, fee: u128 }, 'Closing')),
  },
  'Channel',
)

export const tellPrices = (prices: Prices): Value<typeof channelPrices> => ({
  owner_input: prices.ownerInput,
  owner_output: prices.ownerOutput,
  host_input: prices.hostInput,
  host_output: prices.hostOutput,
})

export const tellProvider = ({ por, ...provider }: Provider): Value<typeof providerView> => ({
  ...provider,
  por_account: por,
})

export const tellChannel = (channel: Channel): Value<typeof channelView> => ({
  payer: channel.payer,
  provider: channel.provider,
  beneficiary: channel.beneficiary,
  por_account: channel.por,
  payer_key: channel.payerKey,
  session_key: channel.sessionKey,
  challenge: channel.challenge,
  seed: channel.seed,
  prices: tellPrices(channel.prices),
  key_epoch: channel.keyEpoch,
  deposited: channel.deposited,
  opened_at: channel.openedAt,
  expires_at: channel.expiresAt,
  closing: channel.closing,
})
