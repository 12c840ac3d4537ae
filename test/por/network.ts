// Seven nodes as processes around a chain, over wires that fail; and their end, when everybody is paid out.
import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { nodeKeys, type OwnEdge } from '@dcml/por/node'
import { Draws } from '../money/draws.ts'
import { Actor, Spares } from './actor.ts'
import { GONE_STORAGE, Ledger, RULES } from './ledger.ts'
import { Wires } from './wires.ts'

const NAMES = ['alice', 'bob', 'carol', 'dave', 'eve', 'fay', 'gus'] as const
/** A ring with four chords: three edges each or more, and every two nodes within three of each other. */
const LINKS = [
  ...NAMES.map((_, at) => [at, (at + 1) % NAMES.length] as const),
  ...([
    [0, 3],
    [1, 5],
    [2, 6],
    [4, 0],
  ] as const),
]

const PATIENCE_MS = 60_000

export interface Link {
  readonly id: bigint
  readonly u: string
  readonly v: string
}

/** What an edge paid each way, by its ends' own books, and on the chain in the end. */
export interface Flow extends Link {
  readonly isSevered: boolean
  readonly paidU: bigint
  readonly paidV: bigint
}

export class Network {
  readonly draws: Draws
  readonly ledger: Ledger
  readonly wires: Wires
  readonly spares: Spares
  readonly actors: readonly Actor[]
  readonly links: readonly Link[]
  readonly #folder: string
  readonly #before: ReadonlyMap<string, bigint>

  private constructor(
    of: Pick<Network, 'draws' | 'ledger' | 'wires' | 'spares' | 'actors' | 'links'> & { folder: string },
    before: ReadonlyMap<string, bigint>,
  ) {
    this.draws = of.draws
    this.ledger = of.ledger
    this.wires = of.wires
    this.spares = of.spares
    this.actors = of.actors
    this.links = of.links
    this.#folder = of.folder
    this.#before = before
  }

  static async start(seed: number): Promise<Network> {
    const draws = new Draws(seed)
    const folder = await mkdtemp(join(tmpdir(), 'dcml-por-network-'))
    const accounts = NAMES.map((name) => `${name}.test.near`)
    const ledger = await Ledger.open(NAMES)
    const wires = new Wires(draws)
    const before = new Map(accounts.map((account) => [account, ledger.balance(account)]))
    const { networkId, contract, rpc, chain } = ledger
    const spares = new Spares(join(folder, 'compiled'))
    const actors = accounts.map((account) => {
      const keys = { secretKey: chain.keyOf(account).secretKey, seed: seedOf(account) }
      const stage = { account, ...keys, store: join(folder, account), networkId, contract, rpc }
      return new Actor(stage, wires, spares)
    })
    for (const { account, stage } of actors)
      await ledger.register(account, nodeKeys(stage.seed).signer.publicKey, await wires.proxy(account))
    const links: Link[] = []
    for (const [a, b] of LINKS) {
      const [u, v] = [accounts[a]!, accounts[b]!]
      links.push({ id: await ledger.link(u, v), u, v })
    }
    const network = new Network({ draws, ledger, wires, spares, actors, links, folder }, before)
    await Promise.all(actors.map((actor) => actor.start()))
    await network.connected()
    return network
  }

  edges(): Promise<(readonly OwnEdge[])[]> {
    return Promise.all(this.actors.map((actor) => actor.tell({ order: 'edges' })))
  }

  /** Until something is so. @throws Error with how the edges are, where that takes a minute */
  async until(what: string, isSo: () => Promise<boolean>): Promise<void> {
    const began = performance.now()
    while (!(await isSo())) {
      if (performance.now() - began > PATIENCE_MS) throw new Error(`${what}: not yet.\n${await this.#sight()}`)
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }

  async #sight(): Promise<string> {
    const lines = (await this.edges()).flatMap((own, at) =>
      own.map(({ id, status, connected, books }) => {
        const { inbound, outbound } = books ?? { inbound: 0, outbound: 0 }
        const session = connected ? 'connected' : 'without session'
        return `${this.actors[at]!.account}: edge ${id} ${status}, ${session}, ${inbound} in, ${outbound} out`
      }),
    )
    return lines.join('\n')
  }

  /** Until every node has a session with each of its neighbours. */
  connected(): Promise<void> {
    return this.until('sessions', async () => (await this.edges()).every((own) => own.every(isConnected)))
  }

  /** Until nothing is under way anywhere. */
  settled(): Promise<void> {
    return this.until('quiet', async () =>
      (await this.edges()).every((own) =>
        own.every(({ books }) => books === null || books.inbound + books.outbound === 0),
      ),
    )
  }

  /**
   * Closes every edge, waits until its ends have brought their vouchers to the chain by themselves, lets the time for
   * that pass, and pays everybody out.
   */
  async windUp(): Promise<Flow[]> {
    const { ledger, links, actors } = this
    const best = new Map<string, bigint>()
    for (const [at, own] of (await this.edges()).entries())
      for (const { id, books } of own) best.set(`${id} to ${actors[at]!.account}`, books?.received ?? 0n)
    for (const { id, u } of links) {
      const edge = await ledger.por.edge({ edge_id: id })
      if (edge?.status === 'active') await ledger.as(u).startClose(id)
    }
    const flows: Flow[] = []
    for (const { id, u, v } of links) {
      const isBrought = async () => {
        const { paid_u, paid_v } = (await ledger.por.edge({ edge_id: id }))!
        return paid_u >= (best.get(`${id} to ${v}`) ?? 0n) && paid_v >= (best.get(`${id} to ${u}`) ?? 0n)
      }
      await this.until('vouchers on the chain', isBrought)
      const { status, paid_u: paidU, paid_v: paidV } = (await ledger.por.edge({ edge_id: id }))!
      flows.push({ id, u, v, isSevered: status === 'severed', paidU, paidV })
    }
    await Promise.all(actors.map((actor) => actor.tell({ order: 'close' })))
    await Promise.all(actors.map((actor) => actor.kill()))
    const anyone = ledger.as('treasury.test.near')
    ledger.chain.advanceTime(Number(RULES.closeNoticeMs + RULES.challengeMs))
    for (const { id } of flows) await anyone.settle(id)
    ledger.chain.advanceTime(Number(RULES.reimbursementMs))
    for (const { id, isSevered } of flows) if (isSevered) await anyone.releaseEscrow(id)
    for (const { account } of actors) await ledger.as(account).withdrawStake()
    return flows
  }

  /** What edges brought an account, less what it paid on them. */
  earned = (flows: readonly Flow[], account: string): bigint =>
    flows.reduce((sum, { u, v, paidU, paidV }) => {
      if (account === u) return sum + paidV - paidU
      return account === v ? sum + paidU - paidV : sum
    }, 0n)

  /** What each account has now, and what it must have: all that it began with, but for what the contract took. */
  accounts(flows: readonly Flow[]): { account: string; has: bigint; expected: bigint }[] {
    const { by } = this.ledger.spent()
    return this.actors.map(({ account }) => {
      const { gas = 0n, bounties = 0 } = by.get(account) ?? {}
      const cuts = flows.filter(({ u, v, isSevered }) => isSevered && (u === account || v === account)).length
      const penalties = (BigInt(cuts) * RULES.penalty) / 2n
      const expected =
        this.#before.get(account)! +
        this.earned(flows, account) +
        BigInt(bounties) * RULES.bounty -
        gas -
        penalties -
        GONE_STORAGE
      return { account, has: this.ledger.balance(account), expected }
    })
  }

  async end(): Promise<void> {
    this.spares.end()
    await Promise.all(this.actors.map((actor) => actor.kill()))
    this.wires.close()
    await this.ledger.close()
    await rm(this.#folder, { recursive: true, force: true })
  }
}

/** One that is cut needs no session. */
const isConnected = ({ connected, status }: OwnEdge): boolean => connected || status === 'severed'

const seedOf = (account: string): Uint8Array => Uint8Array.from(createHash('sha256').update(account).digest())
