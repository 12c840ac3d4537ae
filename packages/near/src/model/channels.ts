import type { Prices } from '@dcml/protocol'
import type { Cancellable, Near } from '../connection.ts'
import { type Channel, model } from './model.client.ts'

/** A channel that has not ended. Amounts in yoctoNEAR, times in nanoseconds since 1970. */
export interface OpenChannel {
  readonly channelId: bigint
  readonly payer: string
  readonly provider: string
  /** Who earns the owner's share. */
  readonly beneficiary: string
  readonly sessionKey: Uint8Array
  /** The payer's deposit, and as much of the provider's collateral. */
  readonly deposited: bigint
  readonly prices: Prices
  readonly openedAt: bigint
  readonly expiresAt: bigint
  /** Set once the closure is forced: an approval counts until the deadline. */
  readonly closing: { readonly deadline: bigint; readonly fee: bigint } | null
}

/** Views under way at once. */
const AT_ONCE = 8

/**
 * The channels of a model contract that have not ended, by id. Costs one view per channel ever opened since `first`,
 * and needs no node that keeps history.
 * @param options.first channel id to begin at. Default 1
 * @throws DcmlError what {@link Near.request} throws
 */
export async function openChannels(
  near: Near,
  contract: string,
  options: Cancellable & { first?: bigint } = {},
): Promise<OpenChannel[]> {
  const { first = 1n, ...cancel } = options
  const at = model(near, contract)
  const { next_channel: end } = await at.terms({}, cancel)
  const open: OpenChannel[] = []
  for (let id = first; id < end; id += BigInt(AT_ONCE)) {
    const ids = Array.from({ length: AT_ONCE }, (_, offset) => id + BigInt(offset)).filter((each) => each < end)
    const found = await Promise.all(ids.map((channel_id) => at.channel({ channel_id }, cancel)))
    open.push(...found.flatMap((channel, offset) => (channel ? [tell(id + BigInt(offset), channel)] : [])))
  }
  return open
}

const tell = (channelId: bigint, channel: Channel): OpenChannel => ({
  channelId,
  payer: channel.payer,
  provider: channel.provider,
  beneficiary: channel.beneficiary,
  sessionKey: channel.session_key,
  deposited: channel.deposited,
  prices: {
    ownerInput: channel.prices.owner_input,
    ownerOutput: channel.prices.owner_output,
    hostInput: channel.prices.host_input,
    hostOutput: channel.prices.host_output,
  },
  openedAt: channel.opened_at,
  expiresAt: channel.expires_at,
  closing: channel.closing ?? null,
})
