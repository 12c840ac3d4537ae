import type { Bundle, CloseArguments, ContractEvent } from '@dcml/channels'
import type { LightClientState } from '@dcml/light-client'
import type { Chain, Prices } from '@dcml/protocol'
import type { PorRequest, PorResponse, Signed } from '@dcml/protocol/por'

/** A call that happened, with the bytes that prove it. */
export interface SentCall {
  /** The signed transaction, as it was sent. */
  readonly transaction: Uint8Array
  readonly hash: string
  /** What the contracts logged. */
  readonly events: readonly ContractEvent[]
}

/** What sees a call before any node does. */
export interface CallOptions {
  /**
   * Gets the signed bytes, and is waited for before they leave: after a crash {@link ChannelWallet.recall} says with
   * them what became of the call. Called again where another transaction has to take its place.
   */
  readonly onSigned?: (signed: { readonly transaction: Uint8Array; readonly hash: string }) => void | Promise<void>
}

/** What the owner of a model asks, as the contract says now. */
export interface ModelTerms {
  /** yoctoNEAR per prompt token. */
  readonly ownerInput: bigint
  /** yoctoNEAR per completion token. */
  readonly ownerOutput: bigint
  readonly modelH: Uint8Array
  readonly keyEpoch: bigint
  /** Workloads that the owner accepts. */
  readonly imageHs: readonly Uint8Array[]
  /** yoctoNEAR that a closure without approval costs. */
  readonly closeFee: bigint
  readonly challengePeriodMs: number
}

/** What a host asks on top, as the contract says now. */
export interface ProviderTerms {
  /** yoctoNEAR per prompt token. */
  readonly hostInput: bigint
  /** yoctoNEAR per completion token. */
  readonly hostOutput: bigint
  readonly endpoint: string
  /** Collateral in yoctoNEAR that is free for the locks of new channels. */
  readonly free: bigint
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

/**
 * The payer's account at a model's contract (paper §6). `modelWallet` of `@dcml/near/model` is one over NEAR; the client
 * knows no more of a chain than this. Each call resolves once it happened, and throws where it did not.
 */
export interface ChannelWallet {
  readonly chain: Chain
  /** Who pays. */
  readonly account: string
  terms(): Promise<ModelTerms>
  /** Null for an account that is no provider. */
  provider(account: string): Promise<ProviderTerms | null>
  /** True where the provider admits that its enclave signs with this key. */
  session(provider: string, sessionKey: Uint8Array): Promise<boolean>
  /** @param args.deposit yoctoNEAR; the contract's storage fee comes on top */
  open(
    args: {
      readonly provider: string
      readonly challenge: Uint8Array
      readonly sessionKey: Uint8Array
      readonly payerKey: Uint8Array
      readonly deposit: bigint
      readonly maxPrices: Prices
    },
    options?: CallOptions,
  ): Promise<SentCall>
  /** @param amount yoctoNEAR that are added */
  topUp(channelId: bigint, amount: bigint, options?: CallOptions): Promise<SentCall>
  close(args: CloseArguments, options?: CallOptions): Promise<SentCall>
  startClose(channelId: bigint, options?: CallOptions): Promise<SentCall>
  finishClose(channelId: bigint, options?: CallOptions): Promise<SentCall>
  /** Because the host was cut off from its Proof of Response network after the opening (paper §6.2). */
  closeDisconnected(channelId: bigint, options?: CallOptions): Promise<SentCall>
  /** Because the host signed what is no approval (paper §9). */
  closeInvalidResponse(channelId: bigint, evidence: ResponseEvidence, options?: CallOptions): Promise<SentCall>
  /**
   * The chain's 32 random bytes in the opening or the last top-up, which a request to close over Proof of Response names.
   * Null as `channel`.
   */
  seed(channelId: bigint): Promise<Uint8Array | null>
  /** Null: it ended, or never was. */
  channel(channelId: bigint): Promise<'open' | 'closing' | null>
  /** From when on `finishClose` may be called, nanoseconds since 1970; null where no closure was forced, by whomever. */
  deadline(channelId: bigint): Promise<bigint | null>
  /**
   * What became of a signed call whose answer was lost: offers the same bytes again, which is the same transaction.
   * Null where it did not happen and never will: it failed, or is too old to be taken. Throws where nobody can say yet,
   * and `near_outcome_unknown` where perhaps nobody ever will.
   */
  recall(transaction: Uint8Array): Promise<SentCall | null>
  /** Light client blocks and proof of a call, from where an enclave stands. */
  prove(call: SentCall, from: LightClientState): Promise<Bundle>
}
