export { isActionCost } from './profile.ts'
export { type ContractCode, runContract } from './run.ts'
export type { GasProfile } from './types.ts'
