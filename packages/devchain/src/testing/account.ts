import {
  type AccountId,
  type Action,
  encodeTransaction,
  parseHash,
  type SignedTransaction,
  transactionHash,
} from '@dcml/light-client'
import { DcmlError, utf8 } from '@dcml/protocol'
import type { Chain } from '../chain/chain.ts'
import type { KeyPair } from '../chain/keys.ts'
import { callView } from '../runtime/index.ts'
import { type Account, getAccessKey, getAccount } from '../state/index.ts'
import { TransactionResult } from './result.ts'

const TERA = 10n ** 12n
const NEAR = 10n ** 24n

/** What a contract method is given: raw bytes, or anything that becomes JSON; nothing is no bytes. */
export type Args = Uint8Array | object | undefined

export interface SendOptions {
  /** Hands a failed transaction back instead of throwing. Default false. */
  readonly mayFail?: boolean
}

export interface CallOptions extends SendOptions {
  /** Default 300 Tgas. */
  readonly gas?: bigint
  /** yoctoNEAR; default 0. */
  readonly deposit?: bigint
}

/** An account with its key on a chain in this process: everything it does is done when the method returns. */
export class DevAccount {
  readonly chain: Chain
  readonly accountId: AccountId
  readonly key: KeyPair

  constructor(chain: Chain, accountId: AccountId, key: KeyPair) {
    this.chain = chain
    this.accountId = accountId
    this.key = key
  }

  /** @throws DcmlError `devchain_account_unknown` */
  get state(): Account {
    const account = getAccount(this.chain.head.result.trie, this.accountId)
    if (account) return account
    throw new DcmlError('devchain_account_unknown', `Account ${this.accountId} does not exist.`, {
      hint: 'Create it first.',
      details: { accountId: this.accountId },
    })
  }

  /** yoctoNEAR, without what is staked. */
  get balance(): bigint {
    return this.state.amount
  }

  /**
   * Signs and sends actions.
   * @throws DcmlError `devchain_transaction_refused` where no block takes it, `devchain_transaction_failed` where it
   * fails and may not
   */
  send(receiverId: AccountId, actions: readonly Action[], options: SendOptions = {}): TransactionResult {
    const transaction = this.sign(receiverId, actions)
    const { error } = this.chain.submit(transaction)
    if (error !== null)
      throw new DcmlError(
        'devchain_transaction_refused',
        `The transaction was refused: ${JSON.stringify(error, bigints)}`,
        {
          hint: 'Nothing happened on the chain.',
          details: { signerId: this.accountId, receiverId },
        },
      )
    const result = new TransactionResult(this.chain, transaction.hash)
    if (!options.mayFail) result.orThrow()
    return result
  }

  /** A signed transaction with the next nonce of this account's key. */
  sign(receiverId: AccountId, actions: readonly Action[]): SignedTransaction {
    const { publicKey } = this.key
    const known = getAccessKey(this.chain.head.result.trie, this.accountId, publicKey)?.nonce ?? 0n
    const nonce = known + this.chain.pooledBy(this.accountId, publicKey) + 1n
    const blockHash = this.chain.head.header.hash
    const transaction = {
      version: 0 as const,
      signerId: this.accountId,
      publicKey,
      nonce,
      receiverId,
      blockHash,
      actions,
    }
    const hash = transactionHash(transaction)
    const signature = this.key.sign(parseHash(hash))
    return { transaction, signature, hash, size: encodeTransaction(transaction).length }
  }

  /** A sub-account, with a key of its own. @param balance yoctoNEAR, default 100 NEAR */
  createAccount(name: string, { balance = 100n * NEAR }: { readonly balance?: bigint } = {}): DevAccount {
    const accountId = `${name}.${this.accountId}`
    const key = this.chain.keyOf(accountId)
    this.send(accountId, [
      { type: 'CreateAccount' },
      { type: 'Transfer', deposit: balance },
      { type: 'AddKey', publicKey: key.publicKey, accessKey: { nonce: 0n, permission: { type: 'FullAccess' } } },
    ])
    return new DevAccount(this.chain, accountId, key)
  }

  transfer(to: AccountId | DevAccount, deposit: bigint, options?: SendOptions): TransactionResult {
    return this.send(idOf(to), [{ type: 'Transfer', deposit }], options)
  }

  /** Puts a contract on this account, and calls its constructor if one is named. */
  deploy(code: Uint8Array, init?: { readonly method: string; readonly args?: Args } & CallOptions): TransactionResult {
    const actions: Action[] = [{ type: 'DeployContract', code }]
    if (init) actions.push(functionCall(init.method, init.args, init))
    return this.send(this.accountId, actions, init)
  }

  /** Calls a contract's method. */
  call(contract: AccountId | DevAccount, method: string, args?: Args, options: CallOptions = {}): TransactionResult {
    return this.send(idOf(contract), [functionCall(method, args, options)], options)
  }

  /**
   * Calls a method of this account's contract that changes nothing, and reads its JSON.
   * @throws DcmlError `devchain_view_failed`
   */
  view<T = unknown>(method: string, args?: Args): T {
    const { result, error, logs } = callView(
      this.chain.head.result.trie,
      { accountId: this.accountId, method, args: argsBytes(args) },
      this.chain.contextOf(this.chain.head),
    )
    if (error)
      throw new DcmlError('devchain_view_failed', [error.message, ...logs].join('\n'), {
        hint: 'Views cannot change state, promise or pay.',
        details: { accountId: this.accountId, method },
      })
    return (result.length === 0 ? null : JSON.parse(new TextDecoder().decode(result))) as T
  }
}

const idOf = (account: AccountId | DevAccount): AccountId => (typeof account === 'string' ? account : account.accountId)

const functionCall = (methodName: string, args: Args, { gas = 300n * TERA, deposit = 0n }: CallOptions): Action => ({
  type: 'FunctionCall',
  methodName,
  args: argsBytes(args),
  gas,
  deposit,
})

const argsBytes = (args: Args): Uint8Array =>
  args === undefined ? new Uint8Array() : args instanceof Uint8Array ? args : utf8(JSON.stringify(args))

const bigints = (_: string, value: unknown): unknown => (typeof value === 'bigint' ? value.toString() : value)
