// The committed Proof of Response contract with two relays and a host beside them, for who has to be cut off.
import { readFileSync } from 'node:fs'
import type { DevAccount, Devchain } from '@dcml/devchain'
import { toHex } from '@dcml/protocol'
import { paramsHash, severCert, sign } from '@dcml/protocol/por'
import { EDGE_STORAGE, LINK_STORAGE } from '../../por/src/edge.ts'
import { NODE_STORAGE } from '../../por/src/node.ts'
import { Key, MILLI, NEAR } from './world.ts'

const wasm = readFileSync(new URL('../../por/por.wasm', import.meta.url).pathname)

const PENALTY = 100n * MILLI
const ACTIVATION_MS = 60_000
const PARAMS = {
  latency: 100,
  baseCost: 0n,
  byteCost: 0n,
  minLateRate: 0n,
  maxLateRate: 10n ** 18n,
  sync: 1000,
  maxInflight: 256,
  bytesPerSecond: 0,
}

interface Node {
  readonly account: DevAccount
  readonly key: Key
}

/** Values in JSON as the contract takes them. */
const json = (value: unknown): object =>
  JSON.parse(JSON.stringify(value, (_, v) => (typeof v === 'bigint' || typeof v === 'number' ? `${v}` : v)))

export class PorNetwork {
  readonly account: DevAccount
  readonly #chain: Devchain
  readonly #relays: readonly [Node, Node]
  readonly #relayed: bigint

  constructor(chain: Devchain) {
    this.#chain = chain
    const make = (name: string) => chain.root.createAccount(name, { balance: 1000n * NEAR })
    this.account = make('por')
    const rules = {
      treasury: make('por-treasury').accountId,
      min_stake: NEAR,
      penalty: PENALTY,
      slash_bps: 100,
      bounty: MILLI,
      activation_ms: ACTIVATION_MS,
      close_notice_ms: 900_000,
      challenge_ms: 86_400_000,
      reimbursement_ms: 604_800_000,
    }
    this.account.deploy(wasm, { method: 'open', args: json({ rules }) })
    const relay = (name: string): Node => ({ account: make(name), key: new Key(name) })
    this.#relays = [relay('relay-one'), relay('relay-two')]
    for (const { account, key } of this.#relays) this.register(account, key)
    this.#relayed = this.#edge(...this.#relays)
  }

  get id(): string {
    return this.account.accountId
  }

  register(account: DevAccount, key: Key, stake = 10n * NEAR): void {
    const endpoint = `${account.accountId}:4000`
    account.call(this.account, 'register_node', { key: key.hex, endpoint }, { deposit: stake + NODE_STORAGE })
  }

  /** Joins a registered node to a relay. Returns the edge. */
  join(host: Node): bigint {
    return this.#edge(this.#relays[0], host)
  }

  /** What a requester does to a host that stays silent (Proof of Response §3.1): cuts its only edge, and proves it. */
  cutOff(host: DevAccount, edge: bigint): void {
    const [{ account, key }, other] = this.#relays
    const here = { networkId: this.#chain.settings.chainId, contract: this.id }
    const { signature } = sign(severCert, here, { edgeId: edge }, key)
    const cert = { edge_id: edge, by: account.accountId, signature: Buffer.from(signature).toString('base64') }
    other.account.call(this.account, 'sever', json(cert))
    const witness = this.#relays.map((relay) => relay.account.accountId)
    const proof = { cut: [host.accountId], witness, tree: [this.#relayed] }
    other.account.call(this.account, 'report_partition', json(proof))
  }

  #edge(u: Node, v: Node): bigint {
    const params = {
      latency: PARAMS.latency,
      base_cost: PARAMS.baseCost,
      byte_cost: PARAMS.byteCost,
      min_late_rate: PARAMS.minLateRate,
      max_late_rate: PARAMS.maxLateRate,
      sync: PARAMS.sync,
      max_inflight: PARAMS.maxInflight,
      bytes_per_second: PARAMS.bytesPerSecond,
    }
    const offer = json({ peer: v.account.accountId, params })
    const opened = u.account.call(this.account, 'open_edge', offer, { deposit: PENALTY + EDGE_STORAGE + LINK_STORAGE })
    const id = BigInt(opened.json<string>())
    const agreed = json({ edge_id: id, params_hash: toHex(paramsHash(PARAMS)) })
    v.account.call(this.account, 'confirm_edge', agreed, { deposit: PENALTY + LINK_STORAGE })
    this.#chain.advanceTime(ACTIVATION_MS)
    return id
  }
}
