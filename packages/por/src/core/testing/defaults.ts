// What tests take where they say nothing else.
import type { EdgeParams } from '@dcml/protocol/por'
import type { NodeConfig } from '../types.ts'

export const CHAIN = { networkId: 'testnet', contract: 'por.test' }

export const PARAMS: EdgeParams = {
  latency: 100,
  baseCost: 1_000n,
  byteCost: 1n,
  minLateRate: 0n,
  maxLateRate: 10_000n,
  sync: 1_000,
  maxInflight: 256,
  bytesPerSecond: 0,
}

export const CONFIG: Omit<NodeConfig, 'account'> = {
  chain: CHAIN,
  guard: 500,
  credit: 0n,
  batch: { requests: 32, ms: 50 },
  debtLimit: 10n ** 15n,
  waitCap: 10n ** 15n,
  patience: () => 'sever',
  apps: ['echo'],
  rate: { perSecond: 10_000, burst: 10_000 },
}
