// What the processes of a network and their test say to each other, and the terms that all of them live by.
import type { OwnEdge } from '@dcml/por/node'
import type { EdgeParams } from '@dcml/protocol/por'

export const NEAR = 10n ** 24n

/** Every edge is the same, so that what a request cost tells over how many it went. */
export const PARAMS: EdgeParams = {
  latency: 200,
  baseCost: 10n ** 18n,
  byteCost: 0n,
  minLateRate: 0n,
  maxLateRate: 10n ** 18n,
  sync: 500,
  maxInflight: 256,
  bytesPerSecond: 0,
}
export const DEPOSIT = 2n * NEAR
/** g. */
export const GUARD = 300
/** ρ. */
export const RATE = 10n ** 15n
/** What an edge may lose within an hour before it is cut, and what a neighbour may stay behind with. */
export const PATIENCE = 5n * 10n ** 22n
export const DEBT_LIMIT = 10n ** 22n
/** Out of pocket for one request. */
export const WAIT_CAP = 5n * 10n ** 22n

/** What a process is told first. */
export interface NodeStage {
  readonly account: string
  /** Of the account on the chain, which pays for what the node does there. */
  readonly secretKey: string
  /** Of the node. */
  readonly seed: Uint8Array
  readonly store: string
  readonly networkId: string
  readonly contract: string
  readonly rpc: string
}

export type Order = { readonly id: number } & (
  | { readonly order: 'request'; readonly target: string; readonly payload: Uint8Array; readonly hold: number }
  | { readonly order: 'edges' | 'close' }
)

/** How a request ended, as the node's own process saw it. */
export interface Ended {
  readonly kind: 'response' | 'broken' | 'failed'
  /** Whether the response is what was sent. */
  readonly isEcho: boolean
  readonly brokenEdge: bigint | null
  /** Code of an error. */
  readonly code: string | null
  readonly cost: bigint
  readonly late: bigint
  /** From question to end. */
  readonly ms: number
}

export interface Told {
  readonly request: Ended
  readonly edges: readonly OwnEdge[]
  readonly close: null
}

export type Said =
  | { readonly ready: number }
  | { readonly dialled: number }
  | { readonly done: number; readonly value: Told[keyof Told] }
