import { type AccountId, parseHash, publicKeyLayout, ZERO_HASH } from '@dcml/light-client'
import { DcmlError, encode } from '@dcml/protocol'
import { createStateUpdate, getAccount, type Trie } from '../state/index.ts'
import { runContract } from '../vm/index.ts'
import type { FunctionCallError, GasProfile } from '../vm/types.ts'
import { contractCode, createExternal } from './external.ts'
import { callSeed } from './ids.ts'
import { EMPTY_KEY } from './public-key.ts'
import type { BlockContext } from './types.ts'

export interface ViewCall {
  readonly accountId: AccountId
  readonly method: string
  readonly args: Uint8Array
}

export interface ViewResult {
  /** What the method returned; empty where it returned nothing, or failed. */
  readonly result: Uint8Array
  readonly logs: readonly string[]
  /** Null on success. */
  readonly error: {
    /** nearcore's `FunctionCallError` in its serde shape, for structured errors. */
    readonly vmError: FunctionCallError
    /** `wasm execution failed with error: …`, as nearcore words it for the legacy query. */
    readonly message: string
  } | null
  readonly gasBurnt: bigint
  readonly profile: GasProfile
}

/** What a view call needs to know of its block. */
export type ViewContext = Pick<
  BlockContext,
  'params' | 'chainId' | 'height' | 'timestamp' | 'epochHeight' | 'validators'
>

/**
 * Calls a method that changes nothing (`call_function`), on the state after a block.
 * @throws DcmlError `devchain_account_unknown` where the account does not exist
 */
export function callView(trie: Trie, { accountId, method, args }: ViewCall, context: ViewContext): ViewResult {
  const state = createStateUpdate(trie)
  const account = getAccount(state, accountId)
  if (!account)
    throw new DcmlError('devchain_account_unknown', `Account ${accountId} does not exist.`, {
      hint: 'Create the account, or ask for a later block.',
      details: { accountId },
    })
  const maxGasBurnt = BigInt(context.params.limits.max_gas_burnt_view)
  const outcome = runContract(
    contractCode(state, accountId, account.contract),
    {
      chainId: context.chainId,
      currentAccountId: accountId,
      signerAccountId: accountId,
      signerAccountPk: encode(publicKeyLayout, EMPTY_KEY),
      predecessorAccountId: accountId,
      refundToAccountId: accountId,
      method,
      input: args,
      promiseResults: [],
      blockHeight: BigInt(context.height),
      blockTimestamp: context.timestamp,
      epochHeight: context.epochHeight,
      accountBalance: account.amount,
      accountLockedBalance: account.locked,
      storageUsage: account.storageUsage,
      accountContract: account.contract,
      attachedDeposit: 0n,
      prepaidGas: maxGasBurnt,
      randomSeed: callSeed(ZERO_HASH, parseHash(trie.root)),
      view: { maxGasBurnt },
      outputDataReceivers: [],
    },
    createExternal(state, accountId, ZERO_HASH, context),
    context.params,
  )
  const { aborted, returnData, logs, burntGas: gasBurnt, profile } = outcome
  return {
    result: !aborted && returnData.type === 'Value' ? returnData.value : new Uint8Array(),
    logs,
    error: aborted && { vmError: aborted, message: `wasm execution failed with error: ${outcome.abortedDebug}` },
    gasBurnt,
    profile,
  }
}
