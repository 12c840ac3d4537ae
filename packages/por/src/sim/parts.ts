// What a simulated network is made of.
import type { EdgeParams, NodeSigner } from '@dcml/protocol/por'
import type { Effect, Input, Kept, Machine, NodeConfig } from '../core/types.ts'
import type { Behaviour } from './behaviours.ts'
import type { Rules } from './ledger.ts'
import type { Link, LinkParams } from './link.ts'

/** How a node's clock goes beside the network's: `offset` ms ahead, and `rate` times as fast. */
export interface Drift {
  readonly offset: number
  readonly rate: number
}

/** One node of the simulation. */
export interface SimNode {
  readonly account: string
  readonly signer: NodeSigner
  readonly config: NodeConfig
  readonly behaviours: readonly Behaviour[]
  readonly drift: Drift
  /** ms that its service takes to say the request again; null where it never answers. */
  readonly service: number | null
  machine: Machine
  state: 'up' | 'paused' | 'down'
  /** Its durable records, where the network keeps them. */
  kept: Kept[]
  /** Inputs that wait for the end of a pause. */
  readonly queue: Input[]
  wakeAt: number
}

/** An edge, and the link that carries it. */
export interface SimEdge {
  readonly id: bigint
  readonly u: SimNode
  readonly v: SimNode
  readonly link: Link
}

/** A node to register; amounts in yoctoNEAR. */
export interface NodeSetup {
  readonly account: string
  readonly stake: bigint
  readonly funds: bigint
  readonly config: Omit<NodeConfig, 'chain' | 'account'>
  readonly behaviours?: readonly Behaviour[]
  readonly drift?: Drift
  readonly service?: number | null
}

/** An edge to open and confirm, with both deposits. */
export interface EdgeSetup {
  readonly u: string
  readonly v: string
  readonly params: EdgeParams
  readonly deposits: readonly [bigint, bigint]
  readonly link: LinkParams
}

export interface NetworkOptions {
  readonly seed: number
  readonly rules: Rules
  /** ms from sending a call until the contract has carried it out. */
  readonly chainDelay: number
  /** Keeps what nodes write down, so that they can crash. */
  readonly durable: boolean
}

/** What a watcher sees: an effect of a node as it is carried out, at the network's time in ms. */
export interface Sight {
  readonly at: number
  readonly node: string
  readonly effect: Effect
  /** When a sent message arrives; null for one that is lost. */
  readonly arrives?: number | null
}

/** What a requester hears of its request. */
export type Result = Extract<Effect, { kind: 'late' | 'outcome' }>
