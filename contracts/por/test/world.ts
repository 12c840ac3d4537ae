import { createHash } from 'node:crypto'
import { buildContract } from '@dcml/contract-build'
import {
  type CallOptions,
  createDevchain,
  type DevAccount,
  type Devchain,
  type TransactionResult,
} from '@dcml/devchain'
import { encode } from '@dcml/protocol'
import {
  type CloseOffer,
  closeOffer,
  type EdgeParams,
  type EdgeUpdate,
  edgeParamsLayout,
  edgeUpdate,
  type Kind,
  type PorVoucher,
  porVoucher,
  type SeverCert,
  severCert,
  sign as signObject,
} from '@dcml/protocol/por'
import { beforeAll, beforeEach } from 'vitest'
import { BUDGET } from '../src/budget.ts'
import { EDGE_STORAGE, LINK_STORAGE } from '../src/edge.ts'
import { NODE_STORAGE } from '../src/node.ts'
import { Key } from './key.ts'

export const NEAR = 10n ** 24n
export const MILLI = 10n ** 21n
export const PENALTY = 100n * MILLI
export const BOUNTY = 2n * MILLI
export const MIN_STAKE = 1n * NEAR
const HOUR = 3_600_000
export const ACTIVATION = 60_000
export const NOTICE = 15 * 60_000
export const CHALLENGE = 24 * HOUR
export const WINDOW = 7 * 24 * HOUR

export const OPENING = PENALTY + EDGE_STORAGE + LINK_STORAGE
export const CONFIRMING = PENALTY + LINK_STORAGE

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

/** Values in JSON as contracts take them: every integer as a string. */
export const json = (value: unknown): object =>
  JSON.parse(JSON.stringify(value, (_, v) => (typeof v === 'bigint' || typeof v === 'number' ? `${v}` : v)))

export const paramsArgs = (params: EdgeParams) => ({
  latency: params.latency,
  base_cost: params.baseCost,
  byte_cost: params.byteCost,
  min_late_rate: params.minLateRate,
  max_late_rate: params.maxLateRate,
  sync: params.sync,
  max_inflight: params.maxInflight,
  bytes_per_second: params.bytesPerSecond,
})

export const hashOf = (params: EdgeParams): string =>
  createHash('sha256').update(encode(edgeParamsLayout, params)).digest('hex')

let built: Promise<Uint8Array> | undefined
export const porWasm = (): Promise<Uint8Array> => {
  const entry = new URL('../src/por.ts', import.meta.url).pathname
  built ??= buildContract({ entry, budget: BUDGET }).then(({ wasm }) => wasm)
  return built
}

/** An account of the chain and its node key, registered or not. */
export interface Party {
  readonly account: DevAccount
  readonly id: string
  readonly key: Key
}

const NAMES = ['alice', 'bob', 'carol', 'dave', 'eve', 'whale'] as const
type Name = (typeof NAMES)[number]

/** A chain with the contract, six parties, a treasury and a stranger. */
export class World {
  readonly chain: Devchain
  readonly por: DevAccount
  readonly treasury: DevAccount
  readonly stranger: DevAccount
  readonly by: Record<Name, Party>
  /** The contract's own money, before anybody else's came. */
  readonly own: bigint

  /** Protocol 87 pays contracts nothing for gas, so that balances are exact to the yocto; 86 is mainnet's. */
  constructor(wasm: Uint8Array, protocolVersion: 86 | 87 = 87) {
    this.chain = createDevchain({ protocolVersion, gasPrice: 10n ** 9n })
    const make = (name: string, balance = 1000n) => this.chain.root.createAccount(name, { balance: balance * NEAR })
    this.por = make('por', 20n)
    this.treasury = make('treasury')
    this.stranger = make('stranger')
    this.by = Object.fromEntries(NAMES.map((name) => [name, this.party(name)])) as Record<Name, Party>
    const rules = {
      treasury: this.treasury.accountId,
      min_stake: MIN_STAKE,
      penalty: PENALTY,
      slash_bps: 100,
      bounty: BOUNTY,
      activation_ms: ACTIVATION,
      close_notice_ms: NOTICE,
      challenge_ms: CHALLENGE,
      reimbursement_ms: WINDOW,
    }
    this.por.deploy(wasm, { method: 'open', args: json({ rules }) })
    this.own = this.por.balance
  }

  party(name: string, balance = 1000n): Party {
    const account = this.chain.root.createAccount(name, { balance: balance * NEAR })
    return { account, id: account.accountId, key: new Key(name) }
  }

  call(by: Party | DevAccount, method: string, args: object = {}, options?: CallOptions): TransactionResult {
    const account = 'account' in by ? by.account : by
    return account.call(this.por, method, json(args), options)
  }

  /** Calls where the contract must refuse. Returns why. */
  refused(by: Party | DevAccount, method: string, args: object = {}, options: CallOptions = {}): string {
    const { error } = this.call(by, method, args, { ...options, mayFail: true })
    if (error === null) throw new Error(`${method} was not refused`)
    return (error.split('\n')[0] as string).replace('Smart contract panicked: ', '').replace('Error: ', '')
  }

  view<T>(method: string, args: object = {}): T {
    return this.por.view<T>(method, json(args))
  }

  register(party: Party, stake = 10n * NEAR, endpoint = 'node.example:4000'): void {
    this.call(party, 'register_node', { key: party.key.hex, endpoint }, { deposit: stake + NODE_STORAGE })
  }

  /** Opens and confirms an edge; it connects unless told not to wait. */
  edge(u: Party, v: Party, { depositU = NEAR, depositV = NEAR, waits = true, params = PARAMS } = {}): bigint {
    const args = { peer: v.id, params: paramsArgs(params) }
    const id = BigInt(this.call(u, 'open_edge', args, { deposit: depositU + OPENING }).json<string>())
    this.call(v, 'confirm_edge', { edge_id: id, params_hash: hashOf(params) }, { deposit: depositV + CONFIRMING })
    if (waits) this.wait(ACTIVATION)
    return id
  }

  wait(ms: number): void {
    this.chain.advanceTime(ms)
  }

  /** Signs an object of a kind for this contract. Returns the signature in base64. */
  signed<T extends { readonly domain: PorVoucher['domain'] }>(
    kind: Kind<T>,
    fields: Omit<T, 'domain'>,
    key: Key,
    chain = { networkId: this.chain.settings.chainId, contract: this.por.accountId },
  ): string {
    return Buffer.from(signObject(kind, chain, fields, key).signature).toString('base64')
  }

  /** Arguments of `sever`. */
  cert(edgeId: bigint, by: Party, key = by.key): object {
    return { edge_id: edgeId, by: by.id, signature: this.signed<SeverCert>(severCert, { edgeId }, key) }
  }

  sever(edgeId: bigint, end: Party, by: Party | DevAccount = this.stranger): TransactionResult {
    return this.call(by, 'sever', this.cert(edgeId, end))
  }

  /** Arguments of `submit_voucher`. */
  voucher(edgeId: bigint, by: Party, total: bigint, seq = 1n, key = by.key): object {
    const signature = this.signed<PorVoucher>(porVoucher, { edgeId, seq, total }, key)
    return { edge_id: edgeId, by: by.id, seq, total, signature }
  }

  /** Arguments of `cooperative_close`, signed by both. */
  offer(edgeId: bigint, u: Party, v: Party, balanceU: bigint, balanceV: bigint, notBefore = 0n): object {
    const sign = (key: Key) => this.signed<CloseOffer>(closeOffer, { edgeId, balanceU, balanceV, notBefore }, key)
    return {
      edge_id: edgeId,
      balance_u: balanceU,
      balance_v: balanceV,
      not_before: notBefore,
      signature_u: sign(u.key),
      signature_v: sign(v.key),
    }
  }

  /** Arguments of `update_edge`, signed by both. */
  update(edgeId: bigint, u: Party, v: Party, revision: number, params: EdgeParams, effectiveFrom: bigint): object {
    const sign = (key: Key) => this.signed<EdgeUpdate>(edgeUpdate, { edgeId, revision, params, effectiveFrom }, key)
    return {
      edge_id: edgeId,
      revision,
      params: paramsArgs(params),
      effective_from: effectiveFrom,
      signature_u: sign(u.key),
      signature_v: sign(v.key),
    }
  }

  report(cut: readonly Party[], witness: readonly Party[], tree: readonly bigint[] = []): TransactionResult {
    return this.call(this.stranger, 'report_partition', proof(cut, witness, tree))
  }

  held(): Record<string, bigint> {
    return Object.fromEntries(
      Object.entries(this.view<Record<string, string>>('totals')).map(([name, amount]) => [name, BigInt(amount)]),
    )
  }

  /** Balance beyond the books and the contract's own money: 0 if nothing was lost or made up. */
  surplus(): bigint {
    return this.por.balance - this.own - Object.values(this.held()).reduce((sum, amount) => sum + amount, 0n)
  }

  since(party: Party): string | null {
    return this.view('disconnected_since', { account: party.id })
  }

  stake(party: Party): bigint {
    return BigInt(this.view<{ stake: string }>('node', { account: party.id }).stake)
  }

  /** What each account gets or pays by doing something that the stranger pays the gas of. */
  gains(parties: readonly (Party | DevAccount)[], doing: () => unknown): bigint[] {
    const balances = () => parties.map((party) => ('account' in party ? party.account : party).balance)
    const before = balances()
    doing()
    return balances().map((now, at) => now - (before[at] as bigint))
  }
}

/** Arguments of `report_partition`. */
export const proof = (cut: readonly Party[], witness: readonly Party[], tree: readonly bigint[] = []) => ({
  cut: cut.map(({ id }) => id),
  witness: witness.map(({ id }) => id),
  tree,
})

/** What an event tells, as far as tests look into it. */
interface Told {
  readonly cause: string
  readonly at: string
  readonly node: { readonly staked_at: string; readonly isolated_at: string; readonly isolated_since: string }
}

/** The events of a call, with their data. */
export function eventsOf({ logs }: { logs: readonly string[] }): [string, Told][] {
  return logs.map((line) => {
    const { standard, version, event, data } = JSON.parse(line.replace(/^EVENT_JSON:/, ''))
    if (standard !== 'dcml_por' || version !== '1.0.0') throw new Error(line)
    return [event, data]
  })
}

/** What the first event of a call tells. */
export const told = (result: { logs: readonly string[] }): Told => (eventsOf(result)[0] as [string, Told])[1]

/** Hands over one world for the tests of a file, and takes it back to its beginning before each. */
export function useCleanWorld(take: (world: World) => void): void {
  let world: World
  let clean: number
  beforeAll(async () => {
    world = new World(await porWasm())
    clean = world.chain.snapshot()
    take(world)
  })
  beforeEach(() => world.chain.revert(clean))
}
