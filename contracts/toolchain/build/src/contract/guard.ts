import { attachedDeposit, currentAccountId, predecessorAccountId } from './host.ts'

/** What a call accepts, in yoctoNEAR. Without one, any deposit is refused. */
export type Deposit = 'any' | { readonly exactly: bigint } | { readonly atLeast: bigint }

/** One yocto: a key restricted to function calls cannot attach it, so a full-access key must have signed. */
export const oneYocto: Deposit = { exactly: 1n }

/** @throws Error unless the attached deposit is what the method accepts. */
export function checkDeposit(accepted: Deposit | undefined): void {
  if (accepted === 'any') return
  const attached = attachedDeposit()
  if (accepted === undefined) {
    if (attached !== 0n) throw new Error('this method takes no deposit')
  } else if ('exactly' in accepted) {
    if (attached !== accepted.exactly) throw new Error(`attach exactly ${accepted.exactly} yoctoNEAR`)
  } else if (attached < accepted.atLeast) throw new Error(`attach at least ${accepted.atLeast} yoctoNEAR`)
}

let reading = false

/** A view keeps its word in a transaction too, where NEAR itself would let it write. Ends with the call. */
export function onlyRead(): void {
  reading = true
}

/** @throws Error in a view: it changes nothing and sends nothing */
export function checkMayChange(): void {
  if (reading) throw new Error('a view changes nothing')
}

/** @throws Error unless the contract's own account called: a callback, or a transaction its owner signed. */
export function checkOwnCall(): void {
  if (predecessorAccountId() !== currentAccountId()) throw new Error('only the contract itself may call this method')
}

/**
 * Initialisation decides who owns the contract, so nobody may get there first: the account itself, or (for a factory
 * that creates, deploys and initialises in one batch) the parent account, which alone can have created this one.
 * @throws Error for any other caller.
 */
export function checkFirstCall(byParent: boolean): void {
  const self = currentAccountId()
  const caller = predecessorAccountId()
  if (caller === self || (byParent && self.slice(self.indexOf('.') + 1) === caller)) return
  throw new Error(`only ${byParent ? 'the contract or its parent account' : 'the contract itself'} may initialise it`)
}
