import { type AccountId, type Action, type CryptoHash, formatHash } from '@dcml/light-client'
import { toHex } from '@dcml/protocol'
import { hostError } from './host-error.ts'
import type { ReceiptDraft, ResumeDraft } from './types.ts'

/** A receipt by its index, or the receipts that were joined by `promise_and`. */
type Promised = number | readonly number[]

interface WeightedCall {
  readonly receipt: number
  readonly action: number
  readonly weight: bigint
}

/** What one call promises: receipts in the order they were made, and the indices the contract knows them by. */
export class PromiseGraph {
  readonly receipts: ReceiptDraft[] = []
  readonly resumes: ResumeDraft[] = []
  readonly #promises: Promised[] = []
  readonly #weighted: WeightedCall[] = []
  readonly #yields = new Set<CryptoHash>()
  readonly #yieldsById = new Map<string, CryptoHash>()
  readonly #limit: number

  constructor(maxPromises: number) {
    this.#limit = maxPromises
  }

  /** Index of the new promise. @throws HostError `NumberPromisesExceeded` */
  push(promise: Promised): number {
    const count = this.#promises.push(promise)
    if (count > this.#limit)
      throw hostError('NumberPromisesExceeded', { number_of_promises: count, limit: this.#limit })
    return count - 1
  }

  /** Receipts behind a promise. @throws HostError `InvalidPromiseIndex` */
  receiptsOf(index: bigint): readonly number[] {
    const promise = this.#get(index)
    return typeof promise === 'number' ? [promise] : promise
  }

  /** The one receipt behind a promise. @throws HostError `InvalidPromiseIndex`, or `onJoint` for a joint promise */
  receiptOf(
    index: bigint,
    onJoint:
      | 'CannotAppendActionToJointPromise'
      | 'CannotReturnJointPromise'
      | 'CannotSetRefundToOnJointPromise' = 'CannotAppendActionToJointPromise',
  ): number {
    const promise = this.#get(index)
    if (typeof promise !== 'number') throw hostError(onJoint)
    return promise
  }

  receiver(receipt: number): AccountId {
    return this.receipts[receipt]!.receiverId
  }

  /** A receipt that waits for `dependencies`, each of which delivers under the data id at its place. */
  addReceipt(receiverId: AccountId, dependencies: readonly number[], dataIds: readonly Uint8Array[]): number {
    const inputDataIds = dataIds.map(formatHash)
    dependencies.forEach((receipt, at) => {
      this.receipts[receipt]!.outputDataReceivers.push({ dataId: inputDataIds[at]!, receiverId })
    })
    return this.#add({ receiverId, refundTo: null, inputDataIds, outputDataReceivers: [], actions: [], yield: null })
  }

  /** A receipt that waits for a resume. */
  addYield(receiverId: AccountId, rawDataId: Uint8Array, yieldId: Uint8Array | null): number {
    const dataId = formatHash(rawDataId)
    this.#yields.add(dataId)
    if (yieldId !== null) this.#yieldsById.set(toHex(yieldId), dataId)
    return this.#add({
      receiverId,
      refundTo: null,
      inputDataIds: [dataId],
      outputDataReceivers: [],
      actions: [],
      yield: { dataId, yieldId },
    })
  }

  /** Whether this call made a yield with this data id. */
  hasYield(dataId: CryptoHash): boolean {
    return this.#yields.has(dataId)
  }

  /** Data id of a yield this call made under a chosen id. */
  yieldDataId(yieldId: Uint8Array): CryptoHash | undefined {
    return this.#yieldsById.get(toHex(yieldId))
  }

  /** Index of the action in its receipt. */
  append(receipt: number, action: Action): number {
    return this.receipts[receipt]!.actions.push(action) - 1
  }

  /** A function call that gets its share of the gas this call leaves. */
  appendCall(receipt: number, action: Action, weight: bigint): void {
    const index = this.append(receipt, action)
    if (weight > 0n) this.#weighted.push({ receipt, action: index, weight })
  }

  /** Splits `unused` gas by weight, the remainder to the last; returns what was given away. */
  distribute(unused: bigint): bigint {
    const total = this.#weighted.reduce((sum, { weight }) => sum + weight, 0n)
    if (total === 0n || unused === 0n) return 0n
    let left = unused
    this.#weighted.forEach(({ receipt, action: index, weight }, at) => {
      const share = at === this.#weighted.length - 1 ? left : (unused * weight) / total
      left -= share
      const { actions } = this.receipts[receipt]!
      const action = actions[index]
      if (action?.type === 'FunctionCall') actions[index] = { ...action, gas: action.gas + share }
    })
    return unused
  }

  #get(index: bigint): Promised {
    const unsigned = BigInt.asUintN(64, index)
    const promise = this.#promises[Number(unsigned)]
    if (promise === undefined) throw hostError('InvalidPromiseIndex', { promise_idx: unsigned })
    return promise
  }

  #add(receipt: ReceiptDraft): number {
    return this.receipts.push(receipt) - 1
  }
}
