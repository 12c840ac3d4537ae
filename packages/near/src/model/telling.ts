import { DcmlError, equalBytes } from '@dcml/protocol'
import type { NearAccount } from '../account.ts'
import type { Near } from '../connection.ts'
import { tgas } from '../contract/contract.ts'
import { fetchProof } from '../proofs.ts'
import { recallTransaction } from '../recall.ts'
import type { SignedBytes } from '../transaction.ts'
import { model } from './model.client.ts'
import { fetchOpening, type OpeningProof, type OpeningQuery } from './opening.ts'
import type { CallProof } from './wallet.ts'

export interface OpeningProverOptions {
  readonly near: Near
  /** Of the host, with a key that may call model contracts: pays the gas. */
  readonly account: NearAccount
}

/** Twice what the call takes; what is not used comes back. */
const GAS = tgas(10)
/** How long a call is proven again instead of made again: nodes keep blocks for longer, by default five epochs. */
const KEPT_MS = 12 * 3_600_000

/**
 * Proves channels of one host, however old: as {@link fetchOpening}, and where no node has the opening any more, has the
 * contract tell of the channel again (`tell_channel`) and proves that. An enclave takes either with a request to close.
 *
 * A call costs the host some 0.0005 NEAR, which is less than the channel cost the payer: there is one for each channel
 * however often it is asked about, and none for a channel of another provider, another seed, or that has ended.
 * @returns a function that throws what `fetchOpening`, `sendTransaction` and `fetchProof` throw
 */
export function openingProver({
  near,
  account,
}: OpeningProverOptions): (query: OpeningQuery) => Promise<OpeningProof | CallProof | null> {
  const calls = new Map<string, { readonly since: number; readonly sent: Promise<SignedBytes> }>()
  const keyOf = ({ contract, channelId }: OpeningQuery): string => `${contract} ${channelId}`

  // the contract lets a channel name only session keys that its provider has admitted
  async function isOurs({ contract, channelId, seed, signal }: OpeningQuery): Promise<boolean> {
    const channel = await model(near, contract).channel(
      { channel_id: channelId },
      { at: 'optimistic', ...(signal !== undefined && { signal }) },
    )
    return channel !== null && channel.provider === account.accountId && equalBytes(channel.seed, seed)
  }

  function tell(query: OpeningQuery): Promise<SignedBytes> {
    const key = keyOf(query)
    const known = calls.get(key)
    if (known !== undefined) return known.sent
    const sent = send(query)
    calls.set(key, { since: performance.now(), sent })
    // what the contract refused, it will refuse again
    sent.catch((error) => hasCode(error, 'near_transaction_failed') || calls.delete(key))
    return sent
  }

  async function send({ contract, channelId }: OpeningQuery): Promise<SignedBytes> {
    let signed: SignedBytes | undefined
    const onSigned = (bytes: SignedBytes): void => {
      signed = bytes
    }
    try {
      return await model(near, contract).tell_channel({ channel_id: channelId }, { account, gas: GAS, onSigned })
    } catch (error) {
      if (signed === undefined || !hasCode(error, 'near_outcome_unknown')) throw error
      const found = await recallTransaction(near, { transaction: signed.transaction })
      if (found === null) throw error
      return found
    }
  }

  return async (query) => {
    const now = performance.now()
    for (const [key, { since }] of calls) if (now - since > KEPT_MS) calls.delete(key)
    if (!calls.has(keyOf(query))) {
      try {
        return await fetchOpening(near, query)
      } catch (error) {
        if (!isLasting(error) || !(await isOurs(query))) throw error
      }
    } else if (!(await isOurs(query))) return fetchOpening(near, query)
    const { transaction } = await tell(query)
    const { from: state, patienceMs, signal } = query
    const { blocks, proof } = await fetchProof(near, {
      transaction,
      state,
      ...(patienceMs !== undefined && { patienceMs }),
      ...(signal !== undefined && { signal }),
    })
    return { from: state.headHash, blocks: [...blocks], proof: { ...proof, outcomes: [...proof.outcomes] } }
  }
}

/** Asking again would not help: the nodes have dropped what is asked for, in one way or another. */
const isLasting = (error: unknown): boolean =>
  DcmlError.isInstance(error) && !error.retryable && error.code !== 'near_cancelled'

const hasCode = (error: unknown, code: string): boolean => DcmlError.isInstance(error) && error.code === code
