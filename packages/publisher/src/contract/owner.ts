import { type CallOptions, type Cancellable, type Near, tgas } from '@dcml/near'
import { type Model, model } from '@dcml/near/model'
import * as v from 'valibot'

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

const block = v.object({ header: v.object({ height: v.pipe(v.number(), v.safeInteger()) }) })

/** Height of the newest final block. */
export async function finalHeight(near: Near, options: Cancellable): Promise<number> {
  return v.parse(block, await near.request('block', { finality: 'final' }, options)).header.height
}
