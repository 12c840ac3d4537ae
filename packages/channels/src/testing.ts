/**
 * For tests and simulators: an anti-rollback device that forgets with its process, and the rules that every device and
 * every state store keeps. Never in production: a host that restarts the process turns it back.
 * @packageDocumentation
 */
export { antiRollbackCompliance, type ComplianceCase } from './testing/anti-rollback-compliance.ts'
export { memoryAntiRollback, memoryStateStore } from './testing/memory.ts'
export { stateStoreCompliance } from './testing/state-store-compliance.ts'
