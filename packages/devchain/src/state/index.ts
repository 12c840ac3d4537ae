/** State of the chain: the trie, a chunk's changes to it, and the records in it. */
export {
  accessKeys,
  gasKeyBalance,
  getAccessKey,
  getAccount,
  getGasKeyNonce,
  removeAccessKey,
  removeAccount,
  removeGasKeyNonce,
  setAccessKey,
  setAccount,
  setGasKeyNonce,
} from './accounts.ts'
export { applyRecords, dumpRecords } from './apply-records.ts'
export {
  contractData,
  getCode,
  getData,
  getGlobalCode,
  getGlobalContractNonce,
  getLocalCode,
  removeData,
  removeLocalCode,
  setData,
  setGlobalCode,
  setGlobalContractNonce,
  setLocalCode,
} from './contracts.ts'
export { column, splitTrieKey, trieKey, triePrefix } from './keys.ts'
export { parseRecords, type StateRecord } from './records.ts'
export { createTrie } from './trie.ts'
export type { Account, AccountContract, StateUpdate, Trie } from './types.ts'
export { createStateUpdate } from './update.ts'
export { accessKeyUsage, contractUsage, dataUsage } from './usage.ts'
export {
  delayedReceiptIndices,
  getPendingDataCount,
  getPostponedReceipt,
  getReceivedData,
  getWaitingReceiptId,
  popDelayedReceipt,
  pushDelayedReceipt,
  removePendingDataCount,
  removePostponedReceipt,
  removeReceivedData,
  removeWaitingReceiptId,
  setPendingDataCount,
  setPostponedReceipt,
  setReceivedData,
  setWaitingReceiptId,
} from './waiting.ts'
export {
  dropYieldTimeout,
  getDataIdOfYield,
  getYieldIdOfData,
  getYieldReceipt,
  getYieldStatus,
  peekYieldTimeout,
  pushYieldTimeout,
  removeYieldId,
  removeYieldReceipt,
  removeYieldStatus,
  setYieldId,
  setYieldReceipt,
  setYieldStatus,
} from './yields.ts'
