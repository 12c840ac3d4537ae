import { type Amounts, payerAmounts } from '@dcml/channels'
import type { Chain, Prices } from '@dcml/protocol'
import { emptyStore } from './carry.ts'
import { parseRecord } from './record.ts'
import type { ChannelStore } from './store.ts'

/** What a store says of its channel, as far as this payer knows. */
export interface ChannelSummary {
  readonly chain: Chain
  readonly payer: string
  readonly provider: string
  /** Ed25519 key of the enclave that it was opened with. */
  readonly sessionKey: Uint8Array
  /** `prepared`: kept before a deposit; `gone`: ended on chain by somebody else's call. */
  readonly phase: 'prepared' | 'open' | 'closing' | 'closed' | 'gone'
  /** What there is once it is open. */
  readonly open: {
    readonly channelId: bigint
    readonly prices: Prices
    readonly amounts: Amounts
    /** Unix ms; afterwards anyone may start closing. */
    readonly expiresAt: number
  } | null
  /** A call was signed and its outcome is not known here; resuming finds it out. */
  readonly isCallPending: boolean
  /** Deposits that the enclave has not been shown; `provable` where their proofs are in the store. */
  readonly unproven: 'none' | 'provable' | 'proofless'
}

/** Looks at the channel of a store. @throws DcmlError `channel_store_empty`, `channel_store_busy`, `channel_file_invalid` */
export async function describeChannel(store: ChannelStore): Promise<ChannelSummary> {
  const { state } = await store.load()
  try {
    if (state === null) throw emptyStore()
    const { wanted, payer, call, unproven, gone } = parseRecord(state)
    const phase =
      payer === null
        ? 'prepared'
        : payer.settled !== null
          ? 'closed'
          : gone
            ? 'gone'
            : payer.closing
              ? 'closing'
              : 'open'
    return {
      chain: wanted.chain,
      payer: wanted.payer,
      provider: wanted.host,
      sessionKey: wanted.sessionKey,
      phase,
      open: payer && {
        channelId: payer.terms.channelId,
        prices: payer.terms.prices,
        amounts: payerAmounts(payer),
        expiresAt: Number(payer.terms.expiresAt / 1_000_000n),
      },
      isCallPending: call !== null,
      unproven:
        unproven.length === 0 ? 'none' : unproven.every(({ bundle }) => bundle !== null) ? 'provable' : 'proofless',
    }
  } finally {
    await store.release()
  }
}
