// The chain of the demo: a devchain in a process of its own, asked over RPC as NEAR is.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { connectNear, type Near } from '@dcml/near'
import * as v from 'valibot'
import type { Stage } from './stage.ts'

const NETWORK = 'localnet'
const MORE = ['carol', 'dave', 'eve'] as const
const PARTIES = ['alice', 'bob', 'charlie', ...MORE] as const
export type Party = (typeof PARTIES)[number]

/** What everybody knows of the chain. */
export interface DemoChain {
  readonly near: Near
  readonly url: string
  readonly networkId: string
  /** Account of the model's contract. */
  readonly contract: string
  /** Flags of a command that reads the chain. */
  readonly flags: readonly string[]
  /** Flags of a command that a party signs with the key in its folder; and of one about the model's contract. */
  as(party: Party): string[]
  signs(party: Party): string[]
}

export const accountOf = (party: Party): string => `${party}.test.near`

const funded = v.object({
  url: v.string(),
  accounts: v.array(v.object({ accountId: v.string(), secretKey: v.string() })),
})

/** Starts the chain and puts every party's key into its folder. */
export async function startChain(stage: Stage): Promise<DemoChain> {
  const more = MORE.flatMap((party) => ['--fund', accountOf(party)])
  const { url, accounts } = v.parse(funded, await stage.service('near', ['devchain', '--port', '0', ...more]))
  for (const party of PARTIES) {
    const account = accounts.find(({ accountId }) => accountId === accountOf(party))
    await writeFile(join(await stage.folder(party), 'near.key'), account!.secretKey, { mode: 0o600 })
  }
  const contract = `tale.${accountOf('charlie')}`
  const flags = ['--network', NETWORK, '--node', url]
  const as = (party: Party) => [...flags, '--account', accountOf(party), '--key', 'near.key']
  return {
    near: connectNear({ networkId: NETWORK, nodes: url }),
    url,
    networkId: NETWORK,
    contract,
    flags,
    as,
    signs: (party) => [...as(party), '--contract', contract],
  }
}

const account = v.object({
  amount: v.pipe(
    v.string(),
    v.transform((text) => BigInt(text)),
  ),
})

async function balanceOf({ near }: DemoChain, accountId: string): Promise<bigint> {
  const query = { request_type: 'view_account', account_id: accountId, finality: 'optimistic' }
  return v.parse(account, await near.request('query', query)).amount
}

const head = v.object({ header: v.object({ height: v.number() }) })

async function heightOf({ near }: DemoChain): Promise<number> {
  return v.parse(head, await near.request('block', { finality: 'optimistic' })).header.height
}

/** What the three have, in yoctoNEAR, after a block. */
export interface Wealth {
  readonly height: number
  readonly alice: bigint
  readonly bob: bigint
  readonly charlie: bigint
}

export async function wealthOn(chain: DemoChain): Promise<Wealth> {
  const of = (party: Party) => balanceOf(chain, accountOf(party))
  return { height: await heightOf(chain), alice: await of('alice'), bob: await of('bob'), charlie: await of('charlie') }
}

const block = v.object({ chunks: v.array(v.object({ chunk_hash: v.string() })) })
const chunk = v.object({ transactions: v.array(v.object({ hash: v.string(), signer_id: v.string() })) })
const burnt = v.object({
  outcome: v.object({
    tokens_burnt: v.pipe(
      v.string(),
      v.transform((text) => BigInt(text)),
    ),
  }),
})
const executed = v.object({ transaction_outcome: burnt, receipts_outcome: v.array(burnt) })

/** yoctoNEAR that the transactions of an account burnt for gas after a block. */
export async function gasPaid(chain: DemoChain, accountId: string, after: number): Promise<bigint> {
  const { near } = chain
  let sum = 0n
  for (let height = after + 1; height <= (await heightOf(chain)); height++) {
    const { chunks } = v.parse(block, await near.request('block', { block_id: height }))
    for (const { chunk_hash } of chunks) {
      const { transactions } = v.parse(chunk, await near.request('chunk', { chunk_id: chunk_hash }))
      for (const { hash, signer_id } of transactions.filter(({ signer_id }) => signer_id === accountId)) {
        const status = { tx_hash: hash, sender_account_id: signer_id, wait_until: 'FINAL' }
        const { transaction_outcome, receipts_outcome } = v.parse(executed, await near.request('tx', status))
        for (const { outcome } of [transaction_outcome, ...receipts_outcome]) sum += outcome.tokens_burnt
      }
    }
  }
  return sum
}
