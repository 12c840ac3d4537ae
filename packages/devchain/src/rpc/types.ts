import type { Chain } from '../chain/chain.ts'

/** The node around the chain: what `status` tells and how long a call may wait. */
export interface NodeInfo {
  /** `host:port`, null in process. */
  readonly rpcAddr: string | null
  /** Milliseconds since the epoch. */
  readonly startedAt: number
  /** How long `send_tx` and `tx` wait for blocks that others make, in milliseconds. */
  readonly pollingTimeoutMs: number
  /** Bytes of state beyond code up to which `view_state` answers; null for no limit. */
  readonly viewStateLimit: number | null
}

export interface RpcContext {
  readonly chain: Chain
  readonly node: NodeInfo
}
