import type { AccountId, CryptoHash } from '@dcml/light-client'
import {
  type AccountContract,
  getCode,
  getData,
  getDataIdOfYield,
  getYieldReceipt,
  getYieldStatus,
  removeData,
  type StateUpdate,
  setData,
  trieKey,
} from '../state/index.ts'
import type { ContractCode } from '../vm/index.ts'
import type { VmExternal } from '../vm/types.ts'
import { dataId } from './ids.ts'
import type { BlockContext } from './types.ts'

/** What calls on an account run, as the VM takes it. */
export function contractCode(
  state: Pick<StateUpdate, 'get'>,
  accountId: AccountId,
  contract: AccountContract,
): ContractCode | null {
  const found = getCode(state, accountId, contract)
  return found ? { hash: found.codeHash, code: found.code } : null
}

/** What a call on `accountId` reaches outside itself; `action` names its data ids. */
export function createExternal(
  state: StateUpdate,
  accountId: AccountId,
  action: CryptoHash,
  { height, validators }: Pick<BlockContext, 'height' | 'validators'>,
): VmExternal {
  let dataIds = 0
  return {
    storageGet: (key) => getData(state, accountId, key),
    storageSet: (key, value) => setData(state, accountId, key, value),
    storageRemove: (key) => removeData(state, accountId, key),
    trieNodes: (key) => state.nodesTouched(trieKey.contractData(accountId, key)),
    generateDataId: () => dataId(action, height, dataIds++),
    validatorStake: (id) => validators.get(id) ?? null,
    validatorTotalStake: () => [...validators.values()].reduce((sum, stake) => sum + stake, 0n),
    // the status is there from the yielding call on, the receipt once that call's receipt is through
    yieldExists: (id) =>
      getYieldStatus(state, accountId, id) !== undefined || getYieldReceipt(state, accountId, id) !== undefined,
    yieldDataId: (yieldId) => getDataIdOfYield(state, accountId, yieldId) ?? null,
    savepoint() {
      const [undo, before] = [state.savepoint(), dataIds]
      return () => {
        undo()
        dataIds = before
      }
    },
  }
}
