// A chain reduced to what the runtime sees of it, for tests: accounts with keys, and blocks one after another.
import {
  type AccessKeyPermission,
  type AccountId,
  type Action,
  encodeTransaction,
  formatHash,
  formatPublicKey,
  formatSignature,
  type PublicKey,
  parseHash,
  type SignedTransaction,
  type Transaction,
  transactionHash,
  ZERO_HASH,
} from '@dcml/light-client'
import { decode, utf8 } from '@dcml/protocol'
import { ed25519 } from '@noble/curves/ed25519.js'
import { paramsFor } from '../../params/index.ts'
import {
  accessKeyUsage,
  column,
  createStateUpdate,
  createTrie,
  gasKeyBalance,
  getAccessKey,
  getAccount,
  type StateUpdate,
  setAccessKey,
  setAccount,
  splitTrieKey,
  type Trie,
} from '../../state/index.ts'
import { sha256 } from '../../wire/hash.ts'
import { decodeReceipt, storedReceiptLayout } from '../../wire/receipt.ts'
import type { Receipt } from '../../wire/types.ts'
import { applyChunk } from '../apply.ts'
import { receiptValue } from '../cost.ts'
import type { BlockContext, ChunkInput, ChunkResult, ExecutionOutcome } from '../types.ts'

export const NEAR = 10n ** 24n
export const TGAS = 10n ** 12n

export interface KeyPair {
  readonly publicKey: PublicKey
  sign(hash: Uint8Array): string
}

const keyPairs = new Map<string, KeyPair>()

/** The same key for the same seed. */
export function keyPair(seed: string): KeyPair {
  const known = keyPairs.get(seed)
  if (known) return known
  const secret = sha256(utf8(seed))
  const made = {
    publicKey: formatPublicKey({ curve: 'ed25519', bytes: ed25519.getPublicKey(secret) }),
    sign: (hash: Uint8Array) => formatSignature({ curve: 'ed25519', bytes: ed25519.sign(hash, secret) }),
  }
  keyPairs.set(seed, made)
  return made
}

export const FULL_ACCESS: AccessKeyPermission = { type: 'FullAccess' }

export type TransactionChange = Partial<Transaction> & { readonly key?: KeyPair }

export class World {
  trie: Trie
  height = 10
  incoming: readonly Receipt[] = []
  readonly context: Partial<BlockContext>
  readonly results: ChunkResult[] = []
  #nonce = 0n

  constructor(accounts: Readonly<Record<AccountId, bigint>>, context: Partial<BlockContext> = {}) {
    this.context = context
    this.trie = createTrie()
    this.edit((state) => {
      for (const [id, amount] of Object.entries(accounts)) {
        setAccount(state, id, { amount, locked: 0n, storageUsage: 100n, contract: { type: 'None' } })
        this.#addKey(state, id, keyPair(id).publicKey, FULL_ACCESS)
      }
    })
  }

  edit(change: (state: StateUpdate) => void): void {
    const state = createStateUpdate(this.trie)
    change(state)
    state.commit()
    this.trie = state.finalize()
  }

  addKey(id: AccountId, publicKey: PublicKey, permission: AccessKeyPermission): void {
    this.edit((state) => this.#addKey(state, id, publicKey, permission))
  }

  #addKey(state: StateUpdate, id: AccountId, publicKey: PublicKey, permission: AccessKeyPermission): void {
    const key = { nonce: 0n, permission }
    const account = getAccount(state, id)!
    setAccessKey(state, id, publicKey, key)
    setAccount(state, id, { ...account, storageUsage: account.storageUsage + accessKeyUsage(publicKey, key, 40n) })
  }

  account = (id: AccountId) => getAccount(this.trie, id)
  accessKey = (id: AccountId, key: KeyPair = keyPair(id)) => getAccessKey(this.trie, id, key.publicKey)

  blockContext(): BlockContext {
    return {
      params: paramsFor(86),
      chainId: 'localnet',
      height: this.height,
      timestamp: BigInt(this.height) * 10n ** 9n,
      gasPrice: 10n ** 8n,
      gasLimit: 10n ** 15n,
      epochId: ZERO_HASH,
      epochHeight: 1n,
      randomValue: sha256(utf8(`random ${this.height}`)),
      validators: new Map(),
      isBlockValid: (hash) => hash === ZERO_HASH,
      impersonated: new Set(),
      ...this.context,
    }
  }

  transaction(
    signerId: AccountId,
    receiverId: AccountId,
    actions: readonly Action[],
    { key = keyPair(signerId), ...change }: TransactionChange = {},
  ): SignedTransaction {
    this.#nonce += 1n
    const transaction: Transaction = {
      version: 0,
      signerId,
      publicKey: key.publicKey,
      nonce: BigInt(this.height - 1) * 1_000_000n + this.#nonce,
      receiverId,
      blockHash: ZERO_HASH,
      actions,
      ...change,
    }
    const hash = transactionHash(transaction)
    return { transaction, hash, signature: key.sign(parseHash(hash)), size: encodeTransaction(transaction).length }
  }

  /** One block. */
  block(transactions: readonly SignedTransaction[] = [], input: Partial<ChunkInput> = {}): ChunkResult {
    const result = applyChunk({ trie: this.trie, transactions, incoming: this.incoming, ...input }, this.blockContext())
    this.trie = result.trie
    this.incoming = result.outgoing
    this.height++
    this.results.push(result)
    return result
  }

  /** Blocks until nothing is on its way; outcomes in the order they happened. */
  settle(transactions: readonly SignedTransaction[] = [], limit = 30): ExecutionOutcome[] {
    const outcomes = [...this.block(transactions).outcomes]
    for (let i = 0; i < limit && (this.incoming.length > 0 || this.#delayed()); i++)
      outcomes.push(...this.block().outcomes)
    return outcomes
  }

  /** {@link settle} of one transaction. */
  run(signerId: AccountId, receiverId: AccountId, actions: readonly Action[], change?: TransactionChange) {
    return this.settle([this.transaction(signerId, receiverId, actions, change)])
  }

  #delayed = (): boolean =>
    [...this.trie.entries(Uint8Array.of(column.delayedReceipts))].some(([key]) => key.length > 1)

  /** All tokens: in accounts, in gas keys, and in receipts that wait or travel. */
  supply(): bigint {
    const { params } = this.blockContext()
    let total = this.incoming.reduce((sum, receipt) => sum + receiptValue(params, receipt), 0n)
    for (const [key] of this.trie.entries(Uint8Array.of(column.account))) {
      const id = splitTrieKey(key)!.account
      const account = this.account(id)!
      total += account.amount + account.locked + gasKeyBalance(this.trie, id)
    }
    for (const waiting of [column.postponedReceipt, column.yieldReceipt])
      for (const [, value] of this.trie.entries(Uint8Array.of(waiting)))
        total += receiptValue(params, decodeReceipt(value))
    for (const [key, value] of this.trie.entries(Uint8Array.of(column.delayedReceipts)))
      if (key.length > 1) total += receiptValue(params, decode(storedReceiptLayout, value).receipt)
    return total
  }

  /** Burnt less minted, over all blocks so far. */
  burnt = (): bigint =>
    this.results.reduce((sum, { balanceBurnt, balanceMinted }) => sum + balanceBurnt - balanceMinted, 0n)
}

/** Why an outcome failed, without its wrapping; undefined if it did not. */
export function failure(outcome: ExecutionOutcome | undefined): unknown {
  if (outcome?.status.type !== 'Failure') return undefined
  const { error } = outcome.status
  return 'ActionError' in error ? error.ActionError.kind : error.InvalidTxError
}

export const failures = (outcomes: readonly ExecutionOutcome[]): unknown[] =>
  outcomes.map(failure).filter((error) => error !== undefined)

/** An id nothing has. */
export const someHash = (seed: string): string => formatHash(sha256(utf8(seed)))
