import type { LightClientState } from '@dcml/light-client'
import type { Chain, Prices } from '@dcml/protocol'
import {
  encodeSigned,
  type PorRequest,
  type PorResponse,
  porRequest,
  porResponse,
  type Signed,
} from '@dcml/protocol/por'
import type { Near } from '../connection.ts'
import { type CallOptions, tgas } from '../contract/contract.ts'
import type { NearEvent } from '../event.ts'
import { fetchProof } from '../proofs.ts'
import { recallTransaction } from '../recall.ts'
import type { SendOptions, SignedBytes } from '../transaction.ts'
import { model } from './model.client.ts'
import { CHANNEL_STORAGE } from './storage.ts'

/** Twice what the dearest of these calls takes with all it leads to; what is not used comes back. */
const GAS = tgas(30)
/** The contract sets 55 of these aside for another contract's answer and for its own verdict. */
const FAULT_GAS = tgas(80)
/** Characters of the longest approval as text. */
const LONGEST_APPROVAL = 440

/** A call as it was sent: what it logged, and what a proof of it needs. */
export interface SentCall extends SignedBytes {
  readonly events: readonly NearEvent[]
}

/** What the owner of a model has set (paper §6), in yoctoNEAR per token. */
export interface ModelTerms {
  readonly ownerInput: bigint
  readonly ownerOutput: bigint
  readonly modelH: Uint8Array
  readonly keyEpoch: bigint
  /** Workloads that may serve the model. */
  readonly imageHs: readonly Uint8Array[]
  /** What forcing a closure costs, in yoctoNEAR; back if nobody answers. */
  readonly closeFee: bigint
  readonly challengePeriodMs: number
}

/** What a host offers; prices in yoctoNEAR per token, on top of the owner's. */
export interface ProviderOffer {
  readonly hostInput: bigint
  readonly hostOutput: bigint
  readonly endpoint: string
  /** Collateral in yoctoNEAR that a new channel can lock: the most it can deposit. */
  readonly free: bigint
}

/** What a light client needs to know a call: blocks from the head `from`, and the proof under the last of them. */
export interface CallProof {
  readonly from: string
  readonly blocks: unknown[]
  readonly proof: { readonly transaction: string; readonly outcomes: unknown[] }
}

/** What a host signed over Proof of Response to a request to close, as it travelled. */
export interface ResponseEvidence {
  readonly request: Signed<PorRequest>
  readonly response: Signed<PorResponse>
  /** Payload of the request. */
  readonly payload: Uint8Array
  /** Payload of the response. */
  readonly reply: Uint8Array
}

/** Sees a call before any node does, in place of the wallet's own `onSigned`. */
export type CallHook = Pick<SendOptions, 'onSigned'>

/** What the payer of channels needs of NEAR, without anything of NEAR's in its types. */
export interface ModelWallet {
  readonly chain: Chain
  /** Who pays. */
  readonly account: string
  terms(): Promise<ModelTerms>
  /** Null for an account that does not host the model. */
  provider(account: string): Promise<ProviderOffer | null>
  /** Whether the provider has admitted the session key: a channel can name no other. */
  session(provider: string, sessionKey: Uint8Array): Promise<boolean>
  /**
   * Opens a channel. Attaches the storage on top of `deposit`.
   * @param opening.maxPrices the contract refuses higher ones, whatever they were when the payer looked
   */
  open(
    opening: {
      provider: string
      challenge: Uint8Array
      sessionKey: Uint8Array
      payerKey: Uint8Array
      deposit: bigint
      maxPrices: Prices
    },
    hook?: CallHook,
  ): Promise<SentCall>
  topUp(channelId: bigint, amount: bigint, hook?: CallHook): Promise<SentCall>
  /** @param approval what `closeArguments` of `@dcml/channels` makes of the enclave's approval */
  close(
    approval: {
      readonly channel_id: bigint
      readonly challenge: Uint8Array
      readonly prompt_tokens: bigint
      readonly completion_tokens: bigint
      readonly spent: bigint
      readonly counter: bigint
      readonly signature: Uint8Array
    },
    hook?: CallHook,
  ): Promise<SentCall>
  /** Forces the closure without an approval. Attaches the closing fee. */
  startClose(channelId: bigint, hook?: CallHook): Promise<SentCall>
  finishClose(channelId: bigint, hook?: CallHook): Promise<SentCall>
  /** Because the host was cut off from its Proof of Response network after the opening (paper §6.2). */
  closeDisconnected(channelId: bigint, hook?: CallHook): Promise<SentCall>
  /** Because the host signed what is no approval (paper §9). */
  closeInvalidResponse(channelId: bigint, evidence: ResponseEvidence, hook?: CallHook): Promise<SentCall>
  /**
   * The chain's 32 random bytes in the opening or the last top-up, which a request to close over Proof of Response names.
   * Null as `channel`.
   */
  seed(channelId: bigint): Promise<Uint8Array | null>
  /** Null once the channel has ended, or before it began. */
  channel(channelId: bigint): Promise<'open' | 'closing' | null>
  /** From when on `finishClose` may be called, nanoseconds since 1970; null where no closure was forced, by whomever. */
  deadline(channelId: bigint): Promise<bigint | null>
  /** What became of a call whose answer was lost: see `recallTransaction`. Null where it did not happen and never will. */
  recall(transaction: Uint8Array): Promise<SentCall | null>
  /** Everything that proves a call to a light client standing at `from`; waits until it can be proven. */
  prove(call: SentCall, from: LightClientState): Promise<CallProof>
}

/** How a wallet sends: see {@link CallOptions}. */
export interface ModelWalletOptions extends Pick<CallOptions, 'account' | 'onSigned' | 'signal' | 'waitUntil'> {
  readonly near: Near
  /** Account of the model contract. */
  readonly contract: string
}

/**
 * The payer's side of a model contract (paper §6). Every call is sent at most once (`sendTransaction`).
 * @throws DcmlError from the calls: what `sendTransaction` and `fetchProof` throw; `near_transaction_failed` with the
 * contract's words where it refuses
 */
export function modelWallet({ near, contract, signal, ...sending }: ModelWalletOptions): ModelWallet {
  const at = model(near, contract)
  const cancel = signal === undefined ? {} : { signal }
  const paying = (deposit: bigint, hook: CallHook = {}, gas: bigint = GAS): CallOptions => ({
    ...sending,
    ...hook,
    ...cancel,
    deposit,
    gas,
  })
  return {
    chain: { networkId: near.networkId, contract },
    account: sending.account.accountId,
    async terms() {
      const terms = await at.terms({}, cancel)
      return {
        ownerInput: terms.prices.input,
        ownerOutput: terms.prices.output,
        modelH: terms.model_h,
        keyEpoch: BigInt(terms.key_epoch),
        imageHs: terms.image_hs,
        closeFee: terms.close_fee,
        challengePeriodMs: Number(terms.challenge_period / 1_000_000n),
      }
    },
    async provider(account) {
      const found = await at.provider({ account }, cancel)
      if (found === null) return null
      const { endpoint, prices, free } = found
      return { hostInput: prices.input, hostOutput: prices.output, endpoint, free }
    },
    session: (account, sessionKey) => at.session({ account, session_key: sessionKey }, cancel),
    open: ({ provider, challenge, sessionKey, payerKey, deposit, maxPrices }, hook) =>
      at.open_channel(
        {
          provider,
          challenge,
          session_key: sessionKey,
          payer_key: payerKey,
          max_owner_prices: { input: maxPrices.ownerInput, output: maxPrices.ownerOutput },
          max_provider_prices: { input: maxPrices.hostInput, output: maxPrices.hostOutput },
        },
        paying(deposit + CHANNEL_STORAGE, hook),
      ),
    topUp: (channelId, amount, hook) => at.top_up({ channel_id: channelId }, paying(amount, hook)),
    close: (approval, hook) => at.close(approval, paying(0n, hook)),
    async startClose(channelId, hook) {
      const { close_fee } = await at.terms({}, cancel)
      return at.start_close({ channel_id: channelId }, paying(close_fee, hook))
    },
    finishClose: (channelId, hook) => at.finish_close({ channel_id: channelId }, paying(0n, hook)),
    closeDisconnected: (channelId, hook) =>
      at.close_disconnected({ channel_id: channelId }, paying(0n, hook, FAULT_GAS)),
    closeInvalidResponse: (channelId, { request, response, payload, reply }, hook) =>
      at.close_invalid_response(
        {
          channel_id: channelId,
          request: encodeSigned(porRequest, request),
          response: encodeSigned(porResponse, response),
          payload,
          // one that is longer is none, as the response says by itself
          reply: reply.length > LONGEST_APPROVAL ? null : reply,
        },
        paying(0n, hook, FAULT_GAS),
      ),
    async seed(channelId) {
      return (await at.channel({ channel_id: channelId }, cancel))?.seed ?? null
    },
    async channel(channelId) {
      const found = await at.channel({ channel_id: channelId }, cancel)
      return found && (found.closing ? 'closing' : 'open')
    },
    deadline: async (channelId) => (await at.channel({ channel_id: channelId }, cancel))?.closing?.deadline ?? null,
    recall: (transaction) =>
      recallTransaction(near, {
        transaction,
        ...cancel,
        ...(sending.waitUntil !== undefined && { waitUntil: sending.waitUntil }),
      }),
    async prove({ transaction }, from) {
      const { blocks, proof } = await fetchProof(near, { transaction, state: from, ...cancel })
      return { from: from.headHash, blocks: [...blocks], proof: { ...proof, outcomes: [...proof.outcomes] } }
    },
  }
}
