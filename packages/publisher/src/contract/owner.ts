import { type CallOptions, type Cancellable, type Near, tgas } from '@dcml/near'
import { type Model, model } from '@dcml/near/model'

/** Who acts on which model contract. */
export interface OwnerOptions extends Cancellable, Pick<CallOptions, 'account' | 'onSigned' | 'waitUntil'> {
  readonly near: Near
  /** Account of the model contract. */
  readonly contract: string
}

/** Twice what the dearest of these calls takes; what is not used comes back. */
const GAS = tgas(20)

/** The contract, and how this call of it is sent. */
export function ownerCall({ near, contract, ...sending }: OwnerOptions): { at: Model; options: CallOptions } {
  return { at: model(near, contract), options: { ...sending, gas: GAS } }
}
