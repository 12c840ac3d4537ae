/**
 * A node of Proof of Response on this machine: sessions, clocks and a store around the core of the main entry.
 * @packageDocumentation
 */
export type { About, Handler } from './node/apps.ts'
export { NODE_DEFAULTS } from './node/config.ts'
export { createVerify, nodeKeys } from './node/keys.ts'
export { SESSION_LIMITS, type SessionLimits } from './node/limits.ts'
export type { UpdatePolicy } from './node/offers-update.ts'
export type { NodeOptions, OwnEdge, PorNode } from './node/options.ts'
export { startNode } from './node/start.ts'
