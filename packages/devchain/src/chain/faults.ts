import type { AccountId, CryptoHash } from '@dcml/light-client'
import type { BlockContext } from '../runtime/types.ts'
import type { Receipt } from '../wire/types.ts'

/** Which receipts a fault meets: all conditions given must hold. */
export interface FaultMatch {
  readonly receiverId?: AccountId
  readonly predecessorId?: AccountId
  readonly receiptId?: CryptoHash
  /** Any of the receipt's actions calls this method. */
  readonly methodName?: string
  /** Data and resumes of promises, instead of actions. Default false. */
  readonly data?: boolean
}

/** A fault in wait; {@link cancel} takes it back. */
export interface Fault {
  /** Receipts met so far. */
  readonly hits: number
  cancel(): void
}

/** What the runtime is told to do with a receipt. */
export type FaultDecision = 'run' | 'delay' | 'drop' | 'fail'
interface Rule {
  readonly match: FaultMatch
  readonly kind: Exclude<FaultDecision, 'run'>
  readonly blocks: number
  left: number
  hits: number
}

/** What goes wrong on purpose. Production NEAR neither delays, drops nor fails a receipt by chance. */
export class Faults {
  #rules: Rule[] = []
  /** Blocks a delayed receipt still waits. */
  readonly #waiting = new Map<CryptoHash, number>()
  #decided: { readonly id: CryptoHash; readonly decision: FaultDecision }[] = []

  /** Holds matching receipts back for some blocks, once unless `times` says otherwise. */
  delay = (match: FaultMatch, { blocks = 1, times = 1 } = {}): Fault => this.#add(match, 'delay', times, blocks)
  /** Makes matching receipts vanish with what they carry. */
  drop = (match: FaultMatch, { times = 1 } = {}): Fault => this.#add(match, 'drop', times, 0)
  /** Ends matching receipts before their first action; data arrives as that of a failed promise. */
  fail = (match: FaultMatch, { times = 1 } = {}): Fault => this.#add(match, 'fail', times, 0)

  /** Takes all faults back; receipts that wait run with the next block. */
  clear(): void {
    this.#rules = []
    this.#waiting.clear()
  }

  /** For a new block: what the runtime asks about each receipt; undefined while there is nothing to decide. */
  begin(): BlockContext['fault'] {
    this.#decided = []
    return this.#rules.length > 0 || this.#waiting.size > 0 ? (receipt) => this.#judge(receipt) : undefined
  }

  /** Decisions other than `run` since {@link begin}, in order: enough to make the same block again. */
  get decided(): readonly { readonly id: CryptoHash; readonly decision: FaultDecision }[] {
    return this.#decided
  }

  #add(match: FaultMatch, kind: Rule['kind'], times: number, blocks: number): Fault {
    const rule: Rule = { match, kind, blocks, left: times, hits: 0 }
    this.#rules.push(rule)
    return {
      get hits() {
        return rule.hits
      },
      cancel: () => {
        this.#rules = this.#rules.filter((other) => other !== rule)
      },
    }
  }

  #judge(receipt: Receipt): FaultDecision {
    const decision = this.#decide(receipt)
    if (decision !== 'run') this.#decided.push({ id: receipt.receiptId, decision })
    return decision
  }

  #decide(receipt: Receipt): FaultDecision {
    const waits = this.#waiting.get(receipt.receiptId)
    if (waits !== undefined) {
      if (waits > 1) this.#waiting.set(receipt.receiptId, waits - 1)
      else this.#waiting.delete(receipt.receiptId)
      return waits > 1 ? 'delay' : 'run'
    }
    const rule = this.#rules.find(({ match, left }) => left > 0 && matches(match, receipt))
    if (!rule) return 'run'
    rule.hits++
    rule.left--
    if (rule.left === 0) this.#rules = this.#rules.filter((other) => other !== rule)
    if (rule.kind === 'delay') this.#waiting.set(receipt.receiptId, rule.blocks)
    return rule.kind
  }
}

function matches(match: FaultMatch, { receiverId, predecessorId, receiptId, body }: Receipt): boolean {
  const isData = body.type === 'Data' || body.type === 'PromiseResume'
  const calls = 'actions' in body ? body.actions.flatMap((a) => (a.type === 'FunctionCall' ? [a.methodName] : [])) : []
  return (
    isData === (match.data ?? false) &&
    (match.receiverId ?? receiverId) === receiverId &&
    (match.predecessorId ?? predecessorId) === predecessorId &&
    (match.receiptId ?? receiptId) === receiptId &&
    (match.methodName === undefined || calls.includes(match.methodName))
  )
}
