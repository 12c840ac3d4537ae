import type { Call } from './call.ts'
import type { Failure } from './failure.ts'
import { WASM_INSTRUCTION } from './profile.ts'
import type { GasProfile, VmOutcome } from './types.ts'

/** The outcome of a call that ran, or failed while it was loaded; spreads unused gas over weighted promises. */
export function outcomeOf(call: Call, failure: Failure | null): VmOutcome {
  const { gas, promises, context } = call
  const used = BigInt(gas.used)
  const unused = context.prepaidGas > used ? context.prepaidGas - used : 0n
  const distributed = context.view === null ? promises.distribute(unused) : 0n
  return {
    balance: call.balance,
    storageUsage: BigInt(call.storageUsage),
    returnData: failure === null ? call.returnData : { type: 'None' },
    burntGas: BigInt(gas.burnt),
    usedGas: used + distributed,
    logs: call.logs,
    profile: profileOf(call),
    receipts: failure === null ? promises.receipts : [],
    resumes: failure === null ? promises.resumes : [],
    subsidized: call.subsidized,
    aborted: failure?.error ?? null,
    abortedDebug: failure?.debug ?? null,
  }
}

/** A call that failed before it cost anything. */
export const freeOutcome = (call: Call, failure: Failure): VmOutcome => ({
  balance: call.balance,
  storageUsage: BigInt(call.storageUsage),
  returnData: { type: 'None' },
  burntGas: 0n,
  usedGas: 0n,
  logs: [],
  profile: new Map(),
  receipts: [],
  resumes: [],
  subsidized: 0n,
  aborted: failure.error,
  abortedDebug: failure.debug,
})

function profileOf({ gas }: Call): GasProfile {
  const profile = new Map<string, bigint>()
  let instructions = gas.burnt
  for (const [cost, burnt] of gas.profile) {
    profile.set(cost, BigInt(burnt))
    instructions -= burnt
  }
  if (instructions > 0) profile.set(WASM_INSTRUCTION, BigInt(instructions))
  return profile
}
