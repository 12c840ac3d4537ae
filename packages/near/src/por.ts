/**
 * The Proof of Response contract (paper §8) for its nodes: the graph and what happens to it, and what a node or its
 * operator calls.
 * @packageDocumentation
 */
export { type PorAccount, type PorRules, porAccount } from './por/account.ts'
export type { PorOptions } from './por/calls.ts'
export { type PorChainOptions, porChain } from './por/chain.ts'
export { deployPorContract } from './por/deploy.ts'
export { type Por, type PorEvent, por } from './por/por.client.ts'
export { EDGE_STORAGE, LINK_STORAGE, NODE_STORAGE } from './por/storage.ts'
