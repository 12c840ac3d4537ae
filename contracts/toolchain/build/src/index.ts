export type { Abi, AbiArgument, AbiEvent, AbiFunction, AbiType, JsonSchema } from './abi/types.ts'
export { type BuildOptions, type BuiltContract, buildContract } from './build.ts'
export { checkLimits, type LimitCheck } from './limits.ts'
