// What a client needs of Proof of Response, and no more: a node of `@dcml/por` is one.
import type { PorRequest, PorResponse, Signed } from '@dcml/protocol/por'

/** What a request may cost and how long it may take. Money in yoctoNEAR, times in ms. */
export interface PorTerms {
  /** Of the path. */
  readonly maxCost: bigint
  /** Until the response is late, the time that the recipient takes included. */
  readonly budget: number
  /** From then on until the hop must be resolved. */
  readonly hold?: number
  /** What every ms of being late is worth. */
  readonly lateRate?: bigint
  /** What the recipient may take. Default 0; of a client’s calls, half of the budget. */
  readonly service?: number
  /** Told of every payment for waiting. */
  readonly onLate?: (amount: bigint) => void
  readonly signal?: AbortSignal
}

export interface PorCallOptions extends PorTerms {
  readonly app: string
  /** Longest response in bytes. */
  readonly maxResponse: number
}

/** What the recipient signed, with what shows it to others. */
export interface PorReply {
  /** 0: answered. 1: no such application. 2: the application failed. */
  readonly status: number
  readonly payload: Uint8Array
  readonly proof: { readonly request: Signed<PorRequest>; readonly response: Signed<PorResponse> }
}

/** A node of Proof of Response, as its owner asks others (paper §8). */
export interface PorRequester {
  request(
    target: string,
    payload: Uint8Array,
    options: PorCallOptions,
  ): Promise<{ readonly response: PorReply } | { readonly broken: unknown }>
  /** Until there is a response, or the proof of a silent target is on chain. */
  isolate(
    target: string,
    payload: Uint8Array,
    options: PorCallOptions,
  ): Promise<{ readonly response: PorReply } | { readonly disconnected: unknown }>
}
