// Nodes and edges for tests, unremarkable unless a test says otherwise.
import type { EdgeFacts, EdgeParams, NodeFacts } from '@dcml/protocol/por'

const NEAR = 10n ** 24n

export const nodeOf = (account: string, stake = NEAR): NodeFacts => ({
  account,
  key: new Uint8Array(32),
  endpoint: '',
  stake,
  isolatedSince: null,
})

export const edgeOf = (id: bigint, u: string, v: string, params: Partial<EdgeParams> = {}): EdgeFacts => ({
  id,
  u,
  v,
  params: {
    latency: 100,
    baseCost: 1_000_000n,
    byteCost: 0n,
    minLateRate: 0n,
    maxLateRate: NEAR,
    sync: 1000,
    maxInflight: 256,
    bytesPerSecond: 0,
    ...params,
  },
  status: 'active',
  activeFrom: 0n,
  depositU: NEAR,
  depositV: NEAR,
})
