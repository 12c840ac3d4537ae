import type { CryptoHash } from '@dcml/light-client'
import type { Params } from '../params/types.ts'
import { cacheFor } from './cache.ts'
import { Call } from './call.ts'
import { hostFailure, methodFailure, noCodeFailure } from './failure.ts'
import { HostError, hostError } from './host-error.ts'
import { MemoryTooSmall } from './memories.ts'
import { freeOutcome, outcomeOf } from './outcome.ts'
import type { VmContext, VmExternal, VmOutcome } from './types.ts'

/** A contract's code and the hash it is known by. */
export interface ContractCode {
  /** SHA-256 of {@link code}. */
  readonly hash: CryptoHash
  readonly code: Uint8Array
}

/**
 * Runs one function call (nearcore `near_vm_runner::run`): deterministic, synchronous, bounded by its gas. Failures of
 * the contract are in the outcome; what `external` throws passes through, and so does a bug of this package.
 * @param contract null if the account has none
 */
export function runContract(
  contract: ContractCode | null,
  context: VmContext,
  external: VmExternal,
  params: Params,
): VmOutcome {
  const undo = external.savepoint()
  try {
    return attempt(contract, context, external, params)
  } catch (error) {
    if (!(error instanceof MemoryTooSmall)) throw error
    undo()
    return attempt(contract, context, external, params)
  }
}

/** @throws MemoryTooSmall at most once for the same code */
function attempt(contract: ContractCode | null, context: VmContext, external: VmExternal, params: Params): VmOutcome {
  const call = new Call(context, external, params)
  if (contract === null) return freeOutcome(call, noCodeFailure(context.currentAccountId))
  const cache = cacheFor(params)
  const loaded = cache.load(contract.hash, contract.code)
  if (context.method === '') return freeOutcome(call, methodFailure('MethodEmptyName'))
  if (loaded.code === null) return freeOutcome(call, loaded.refused)
  const { code, unlinked } = loaded
  if (!payLoading(call, contract.code.length)) return outcomeOf(call, hostFailure(hostError('GasExceeded')))
  if (unlinked !== null) return outcomeOf(call, unlinked)
  if (!code.methods.has(context.method))
    return freeOutcome(
      call,
      methodFailure(code.mistypedMethods.has(context.method) ? 'MethodInvalidSignature' : 'MethodNotFound'),
    )
  return outcomeOf(call, cache.machine.run(code, context.method, call))
}

/** False if gas does not reach for loading: nearcore then always says `GasExceeded`. */
function payLoading(call: Call, codeLength: number): boolean {
  try {
    call.payPer('contract_loading_bytes', codeLength)
    call.pay('contract_loading_base')
    return true
  } catch (error) {
    if (error instanceof HostError) return false
    throw error
  }
}
