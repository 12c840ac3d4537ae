// The committed code of the Proof of Response contract on a devchain behind HTTP, with accounts that become its nodes.
import { readFileSync } from 'node:fs'
import { createDevchain, type DevAccount, type Devchain } from '@dcml/devchain'
import { connectNear, type Near } from '@dcml/near'
import { type PorAccount, porAccount, porChain } from '@dcml/near/por'
import type { Chain } from '@dcml/protocol'
import type { EdgeParams, PorChain } from '@dcml/protocol/por'
import { namedKey } from './model-scene.ts'
import { asNear } from './scene.ts'

export const NEAR = 10n ** 24n
export const PENALTY = NEAR / 10n
export const ACTIVATION_MS = 60_000
export const NOTICE_MS = 900_000
export const CHALLENGE_MS = 3_600_000
export const WINDOW_MS = 7_200_000
export const PARAMS: EdgeParams = {
  latency: 100,
  baseCost: 10n ** 18n,
  byteCost: 10n ** 12n,
  minLateRate: 0n,
  maxLateRate: 10n ** 18n,
  sync: 1000,
  maxInflight: 256,
  bytesPerSecond: 0,
}

const wasm = readFileSync(new URL('../../../contracts/por/por.wasm', import.meta.url).pathname)

/** An account, its node key, and both its sides of the contract. */
export interface Party {
  readonly id: string
  readonly dev: DevAccount
  readonly key: ReturnType<typeof namedKey>
  readonly account: PorAccount
  readonly chain: PorChain
}

export interface PorScene {
  readonly chain: Devchain
  readonly near: Near
  readonly url: string
  readonly contract: string
  readonly here: Chain
  party(name: string): Party
  stop(): Promise<void>
}

/** Gives an account the contract's code, and opens it. */
export function openPor(contract: DevAccount, treasury: string): void {
  contract.deploy(wasm, {
    method: 'open',
    args: {
      rules: {
        treasury,
        min_stake: `${NEAR}`,
        penalty: `${PENALTY}`,
        slash_bps: '100',
        bounty: `${NEAR / 500n}`,
        activation_ms: `${ACTIVATION_MS}`,
        close_notice_ms: `${NOTICE_MS}`,
        challenge_ms: `${CHALLENGE_MS}`,
        reimbursement_ms: `${WINDOW_MS}`,
      },
    },
  })
}

export async function startPor(): Promise<PorScene> {
  const chain = createDevchain()
  const contract = chain.root.createAccount('por', { balance: 50n * NEAR })
  openPor(contract, chain.root.createAccount('treasury').accountId)
  const server = await chain.serve()
  const near = connectNear({ networkId: chain.settings.chainId, nodes: server.url })
  return {
    chain,
    near,
    url: server.url,
    contract: contract.accountId,
    here: { networkId: chain.settings.chainId, contract: contract.accountId },
    party(name) {
      const dev = chain.root.createAccount(name, { balance: 1000n * NEAR })
      const options = { near, contract: contract.accountId, account: asNear(dev) }
      return {
        id: dev.accountId,
        dev,
        key: namedKey(name),
        account: porAccount(options),
        chain: porChain(options),
      }
    },
    stop: () => server.close(),
  }
}

/** Makes nodes of parties, with so much stake each. */
export async function register(parties: readonly Party[], stake = 10n * NEAR): Promise<void> {
  for (const { account, key } of parties) await account.register({ key: key.publicKey, endpoint: '', stake })
}

/** An edge that connects, with a deposit of one NEAR on either side. Returns its id. */
export async function connect(scene: PorScene, u: Party, v: Party): Promise<bigint> {
  const { edgeId } = await u.account.openEdge({ peer: v.id, params: PARAMS, deposit: NEAR })
  await v.account.confirmEdge(edgeId, { params: PARAMS, deposit: NEAR })
  scene.chain.advanceTime(ACTIVATION_MS)
  return edgeId
}
