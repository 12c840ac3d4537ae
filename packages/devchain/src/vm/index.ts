export { actionCost, isActionCost, WASM_INSTRUCTION } from './profile.ts'
export { type ContractCode, runContract } from './run.ts'
export type {
  FunctionCallError,
  GasProfile,
  PromiseResult,
  ReceiptDraft,
  ResumeDraft,
  ReturnData,
  VmContext,
  VmExternal,
  VmOutcome,
} from './types.ts'
