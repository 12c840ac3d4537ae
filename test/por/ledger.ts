// A devchain with the contract on it, and who paid, got and burnt what there, to the yocto.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { createDevchain, type DevAccount, type Devchain } from '@dcml/devchain'
import { accountFromKey, connectNear, type Near } from '@dcml/near'
import { deployPorContract, type PorAccount, type PorRules, por, porAccount } from '@dcml/near/por'
import { DEPOSIT, NEAR, PARAMS } from './stage.ts'

const HOUR = 3_600_000n
export const RULES: PorRules = {
  treasury: 'treasury.test.near',
  minStake: NEAR,
  penalty: NEAR / 10n,
  slashBps: 100,
  // no other transfer is of this amount
  bounty: NEAR / 1000n + 7n,
  activationMs: 0n,
  closeNoticeMs: HOUR / 4n,
  challengeMs: 24n * HOUR,
  reimbursementMs: 7n * 24n * HOUR,
}
const CONTRACT = 'por.test.near'
const STAKE = 10n * NEAR
/** What stays of a node that left. */
export const GONE_STORAGE = NEAR / 500n

/** What happened to one account's money on the chain, apart from edges. */
export interface Spent {
  readonly gas: bigint
  /** Cuts that it was paid for carrying out. */
  readonly bounties: number
}

export class Ledger {
  readonly chain: Devchain
  readonly near: Near
  readonly rpc: string
  readonly contract = CONTRACT
  readonly networkId: string
  readonly #close: () => Promise<void>
  readonly #opened: { readonly height: number; readonly sum: bigint }
  /** The contract's own, before anybody else's money came. */
  readonly #own: bigint

  private constructor(chain: Devchain, near: Near, rpc: string, close: () => Promise<void>) {
    this.chain = chain
    this.near = near
    this.rpc = rpc
    this.networkId = chain.settings.chainId
    this.#close = close
    this.#opened = { height: chain.head.header.height, sum: this.sum }
    this.#own = chain.account(CONTRACT).balance
  }

  /** @param names of accounts with 100 NEAR each */
  static async open(names: readonly string[]): Promise<Ledger> {
    // protocol 87 pays contracts nothing for gas, and at this price no part of it comes back
    const chain = createDevchain({
      protocolVersion: 87,
      gasPrice: 10n ** 9n,
      genesisTime: new Date(Date.now() - Number(HOUR)),
      blockTimeMs: 10,
      epochLength: 1_000_000,
      keepBlocks: 100_000,
    })
    for (const name of [...names, 'treasury']) chain.root.createAccount(name, { balance: 100n * NEAR })
    const server = await chain.serve({ port: 0 })
    const near = connectNear({ networkId: chain.settings.chainId, nodes: server.url })
    const { accountId, key } = chain.root
    const wasm = Uint8Array.from(readFileSync(createRequire(import.meta.url).resolve('@dcml/contract-por/por.wasm')))
    const account = accountFromKey(accountId, key.secretKey)
    await deployPorContract({ near, contract: CONTRACT, account, wasm, rules: RULES })
    return new Ledger(chain, near, server.url, () => server.close())
  }

  close = (): Promise<void> => this.#close()

  as(account: string): PorAccount {
    const { near, contract } = this
    return porAccount({ near, contract, account: accountFromKey(account, this.chain.keyOf(account).secretKey) })
  }

  get por() {
    return por(this.near, this.contract)
  }

  register = (account: string, key: Uint8Array, endpoint: string) =>
    this.as(account).register({ key, endpoint, stake: STAKE })

  async link(u: string, v: string): Promise<bigint> {
    const { edgeId } = await this.as(u).openEdge({ peer: v, params: PARAMS, deposit: DEPOSIT })
    await this.as(v).confirmEdge(edgeId, { params: PARAMS, deposit: DEPOSIT })
    return edgeId
  }

  balance = (account: string): bigint => this.chain.account(account).balance

  /** All that accounts of this network hold, the contract included. */
  get sum(): bigint {
    let sum = 0n
    for (const { accountId } of this.#accounts) sum += this.balance(accountId)
    return sum
  }

  get #accounts(): DevAccount[] {
    const names = [...this.chain.head.result.trie.entries(Uint8Array.of(0))]
    return names.map(([key]) => this.chain.account(new TextDecoder().decode(key.subarray(1))))
  }

  /** What the contract holds, and what it says it holds, without its own: the same, or money came from nowhere. */
  async held(): Promise<{ readonly there: bigint; readonly told: bigint }> {
    const totals = await this.por.totals({})
    const told = Object.values(totals).reduce((sum, amount) => sum + amount, 0n)
    return { there: this.balance(CONTRACT) - this.#own, told }
  }

  /** Tokens that left all accounts since the beginning; they can only have been burnt for gas. */
  get missing(): bigint {
    return this.#opened.sum - this.sum
  }

  /** What was burnt for gas, and by whom, since the beginning; who signs a transaction pays for all that follows. */
  spent(): { readonly burnt: bigint; readonly by: ReadonlyMap<string, Spent> } {
    const { chain } = this
    const by = new Map<string, Spent>()
    let burnt = 0n
    const add = (account: string, gas: bigint, bounties: number): void => {
      const { gas: before = 0n, bounties: earlier = 0 } = by.get(account) ?? {}
      by.set(account, { gas: before + gas, bounties: earlier + bounties })
    }
    for (let height = this.#opened.height + 1; height <= chain.head.header.height; height++) {
      const { outcomes, processed } = chain.blockByHeight(height)!.result
      for (const { id, tokensBurnt } of outcomes) {
        burnt += tokensBurnt
        let root = id
        for (let parent = chain.parentOf(root); parent !== undefined; parent = chain.parentOf(root)) root = parent
        add(chain.transaction(root)!.transaction.signerId, tokensBurnt, 0)
      }
      for (const { receipt } of processed) {
        if (receipt.predecessorId !== CONTRACT || receipt.body.type !== 'Action') continue
        const isBounty = receipt.body.actions.some(
          (action) => action.type === 'Transfer' && action.deposit === RULES.bounty,
        )
        if (isBounty) add(receipt.receiverId, 0n, 1)
      }
    }
    return { burnt, by }
  }
}
