import type { AccountId } from '@dcml/light-client'
import type { Account } from '../../state/index.ts'
import type { GasProfile, PromiseResult, ReturnData } from '../../vm/types.ts'
import type { ActionReceipt, Receipt } from '../../wire/types.ts'
import type { Chunk, NewReceipt, Proposal } from '../chunk.ts'
import type { ActionError } from '../types.ts'

/** nearcore's `ActionErrorKind` in its serde shape. */
export type ActionErrorKind = ActionError['kind']

/** What a receipt's actions share while they run one after another, and what they leave. */
export interface Work {
  readonly chunk: Chunk
  readonly receipt: Receipt
  readonly body: ActionReceipt
  /** What the receipt waited for. */
  readonly promiseResults: readonly PromiseResult[]
  /** The receiver as the actions so far left it; written to state only if all succeed. */
  account: Account | undefined
  /** On whose authority actions run: the sender's, or the account's own once it was created here. */
  actorId: AccountId
  gasBurnt: bigint
  /** Burnt, and taken along by new receipts. */
  gasUsed: bigint
  /** Burnt inside contracts: what the contract's reward is measured by. */
  callGasBurnt: bigint
  readonly logs: string[]
  readonly profile: Map<string, bigint>
  newReceipts: NewReceipt[]
  proposals: Proposal[]
  /** yoctoNEAR taken out of accounts, beside gas. */
  tokensBurnt: bigint
  /** yoctoNEAR given without a payer (one-yocto rule). */
  tokensMinted: bigint
  /** Of the last action; receipt indices count all of {@link newReceipts}. */
  returned: ReturnData
}

/** One action: changes {@link Work}, or says why it cannot. */
export type Perform<Action> = (work: Work, action: Action, index: number) => ActionErrorKind | null

/** The receiver, where an action is only reached if it exists. */
export function existing(work: Work): Account {
  if (!work.account) throw new TypeError(`${work.receipt.receiverId} was checked to exist.`)
  return work.account
}

export const changeAccount = (work: Work, change: Partial<Account>): void => {
  work.account = { ...existing(work), ...change }
}

export function addProfile(work: Work, profile: GasProfile): void {
  for (const [cost, gas] of profile) work.profile.set(cost, (work.profile.get(cost) ?? 0n) + gas)
}
