import {
  abandonRequest,
  allow,
  beginRequest,
  closeStarted,
  closingStep,
  type Demand,
  openPayer,
  type Payer,
  pay,
  readClosed,
  readCloseStarted,
  readOpened,
  readToppedUp,
  settlePayer,
  stopPaying,
  takeApproval,
  takeReceipt,
  topUpPayer,
} from '@dcml/channels'
import type { ProvenEvent } from '@dcml/light-client'
import { type Signer, sharesOf, type TokenCounts, toHex } from '@dcml/protocol'
import { CHANNEL_STORAGE } from '../../contracts/model/src/channel.ts'
import { CLOSE_FEE, PERIOD_MS } from './chain.ts'
import type { Draws } from './draws.ts'
import { approvedOf, type Host } from './host.ts'
import { bytesOf, signerOf } from './keys.ts'
import { codeOf, type Machine } from './machine.ts'
import { CHAIN } from './proofs.ts'
import type { World } from './world.ts'

const STEP = 24n
const LIMIT = 200n
const PATIENCE_MS = PERIOD_MS / 4
/** Of a request. */
const MOST_PROMPT = 3
const MOST_COMPLETION = 12

interface Request {
  readonly id: string
  readonly machine: Machine
  /** What it may cost without reaching her, in yoctoNEAR: a step of a stream, or an answer that leaves whole. */
  readonly risk: bigint
  /** What the enclave was told that it may cost in all, in yoctoNEAR. */
  allowed: bigint
  received: TokenCounts
}

/** One channel of Alice's, and what she knows of it. */
export class Line {
  readonly id: bigint
  readonly host: Host
  readonly key: Signer
  readonly opening: ProvenEvent
  payer: Payer
  /** She has heard that the enclave took the channel up. */
  isEstablished = false
  requests: Request[] = []
  /** Tokens that reached her. */
  received: TokenCounts = { promptTokens: 0n, completionTokens: 0n }
  /** What requests that ended without a receipt may have cost, in yoctoNEAR. */
  lost = 0n
  /** Events of the chain that she has read. */
  heard = 0

  constructor(host: Host, key: Signer, opening: ProvenEvent, payer: Payer) {
    this.id = payer.terms.channelId
    this.host = host
    this.key = key
    this.opening = opening
    this.payer = payer
  }

  /** What an interruption of a stream may cost her: the step she is ahead, or the least that can be reserved. */
  get unit(): bigint {
    const least = this.cost({ promptTokens: BigInt(MOST_PROMPT), completionTokens: 1n })
    return least > STEP ? least : STEP
  }

  /** Most that may be spent or reserved before the next step, by what reached her. */
  get explained(): bigint {
    return this.cost(this.received) + this.lost
  }

  /** Most that she may have to pay now. */
  get atRisk(): bigint {
    return this.requests.reduce((sum, { risk }) => sum + risk, this.explained)
  }

  cost(counts: TokenCounts): bigint {
    return sharesOf(this.payer.terms.prices, counts).spent
  }
}

/** An honest payer with `@dcml/channels`' machine, one request at a time. She does everything the way a client should. */
export class Alice {
  readonly account = 'alice.test'
  readonly lines: Line[] = []
  readonly #world: World
  #made = 0

  constructor(world: World) {
    this.#world = world
  }

  /** Asks for a challenge, deposits, proves the opening. */
  async open(draws: Draws): Promise<void> {
    const { chain, network, bob, mallory } = this.#world
    const host = draws.one([bob, mallory]) as Host
    const offer = chain.books.providers.get(host.account)
    if (offer === null) return
    const machine = host.front(draws)
    const name = `alice ${++this.#made}`
    const [challenge, key] = [bytesOf(name), signerOf(name)]
    await network.send(draws, async () => {
      await machine.challenge(challenge)
      const deposit = 150n + BigInt(draws.below(400))
      const terms = { maxOwnerPrices: chain.owner.prices, maxProviderPrices: offer.prices }
      const keys = { sessionKey: host.sessionKey, payerKey: toHex(key.publicKey) }
      const args = { provider: host.account, challenge: toHex(challenge), ...keys, ...terms }
      if (!chain.call('open_channel', this.account, args, CHANNEL_STORAGE + deposit)) return
      const opening = chain.events.at(-1) as ProvenEvent
      const opened = readOpened(contractEvent(opening), CHAIN)
      const wanted = { ...opened.terms, challenge, maxPrices: opened.terms.prices, deposit }
      const policy = { perRequestLimit: LIMIT, step: STEP }
      this.lines.push(new Line(host, key, opening, openPayer(opened, wanted, policy)))
    })
    const line = this.lines.at(-1)
    if (line !== undefined) await this.establish(line, draws)
  }

  establish(line: Line, draws: Draws): Promise<void> {
    const machine = line.host.front(draws)
    return this.#world.network.send(draws, async () => {
      await machine.establish(line.opening)
      line.isEstablished = true
    })
  }

  /** Sends a request, and a voucher one step ahead. */
  async request(line: Line, draws: Draws): Promise<void> {
    if (line.requests.length > 0 || line.payer.closing !== null) return
    if (!line.isEstablished) await this.establish(line, draws)
    const id = `alice ${++this.#made}`
    const machine = line.host.front(draws)
    const isWhole = draws.chance(25)
    const [prompt, most] = [1 + draws.below(MOST_PROMPT), 1 + draws.below(MOST_COMPLETION)]
    const risk = isWhole ? line.cost({ promptTokens: BigInt(prompt), completionTokens: BigInt(most) }) : line.unit
    line.payer = beginRequest(line.payer, bytesOf(id))
    const allowed = isWhole ? LIMIT : allow(this.#paying(line))
    const request = { id, machine, risk, allowed, received: { promptTokens: 0n, completionTokens: 0n } }
    line.requests.push(request)
    await this.#pay(line, request, draws)
    const asked = { requestId: id, channelId: line.id, prompt, most, isWhole, allowed }
    await this.#world.network.send(draws, () => machine.begin(asked))
  }

  /** Reads what a stream has brought, in its order. */
  async read(line: Line, draws: Draws): Promise<void> {
    for (const request of line.requests) {
      const frames = request.machine.outbox.get(request.id)
      // until she lets it go
      while (line.requests.includes(request)) {
        const frame = frames?.shift()
        if (frame === undefined) break
        if ('tokens' in frame) {
          request.received = add(request.received, frame.tokens)
          line.received = add(line.received, frame.tokens)
        } else if ('demand' in frame) await this.#meet(line, request, frame.demand, draws)
        else {
          const context = { requestH: bytesOf(request.id), counted: request.received }
          try {
            line.payer = await takeReceipt(line.payer, frame.receipt, context)
            line.requests = line.requests.filter((other) => other !== request)
          } catch (error) {
            await this.#disagree(line, codeOf(error), draws)
          }
        }
      }
    }
  }

  /** Lets a request go whose stream broke. */
  async abandon(line: Line, draws: Draws): Promise<void> {
    for (const { id, machine, risk, allowed } of line.requests) {
      line.payer = abandonRequest(line.payer, bytesOf(id), allowed)
      line.lost += risk
      // the host may keep the enclave from noticing
      await this.#world.network.send(draws, () => machine.drop(id))
    }
    line.requests = []
  }

  async topUp(line: Line, draws: Draws): Promise<void> {
    const { chain, network } = this.#world
    if (line.payer.closing !== null) return
    if (!chain.call('top_up', this.account, { id: line.id }, 20n + BigInt(draws.below(100)))) return
    const event = chain.events.at(-1) as ProvenEvent
    line.payer = topUpPayer(line.payer, readToppedUp(contractEvent(event), CHAIN))
    const machine = line.host.front(draws)
    await network.send(draws, () => machine.topUp(event))
  }

  async stop(line: Line, draws: Draws): Promise<void> {
    await this.abandon(line, draws)
    line.payer = stopPaying(line.payer, this.#world.chain.now)
  }

  /** Takes one step towards the end of a channel. */
  async close(line: Line, draws: Draws): Promise<void> {
    const { chain, network } = this.#world
    this.#hear(line)
    const step = closingStep(line.payer, chain.now, PATIENCE_MS)
    if (step.act === 'submit-approval') {
      const method = chain.channel(line.id)?.closing ? 'answer_close' : 'close'
      chain.call(method, this.account, approvedOf(step.approval))
    }
    if (step.act === 'start-close') chain.call('start_close', this.account, { id: line.id }, CLOSE_FEE)
    if (step.act === 'finish-close') chain.call('finish_close', this.account, { id: line.id })
    if (step.act !== 'ask-approval') return
    const machine = line.host.front(draws)
    const opening = draws.chance(50) ? line.opening : undefined
    await network.send(draws, async () => {
      const signed = await machine.requestClosure(line.id, opening)
      try {
        line.payer = await takeApproval(line.payer, signed)
      } catch (error) {
        await this.#disagree(line, codeOf(error), draws)
      }
    })
  }

  /** What the chain says of the channel. */
  #hear(line: Line): void {
    const { chain } = this.#world
    for (; line.heard < chain.events.length; line.heard++) {
      const event = contractEvent(chain.events[line.heard] as ProvenEvent)
      if (event.event === 'close_started')
        line.payer = closeStarted(line.payer, readCloseStarted(event, CHAIN), chain.now)
      if (event.event === 'channel_closed' || event.event === 'channel_forfeited')
        line.payer = settlePayer(line.payer, readClosed(event, CHAIN), chain.now)
    }
  }

  /** Pays a demand, where the tokens that reached her explain what is spent. */
  async #meet(line: Line, request: Request, demand: Demand, draws: Draws): Promise<void> {
    if (line.payer.closing !== null) return
    const isExplained = demand.spent + demand.reserved <= line.explained
    if (!isExplained && !this.#world.flaws.has('the payer signs what is asked')) return this.stop(line, draws)
    await this.#pay(line, request, draws, demand)
  }

  async #pay(line: Line, request: Request, draws: Draws, demand?: Demand): Promise<void> {
    try {
      const payer = this.#paying(line)
      const allowed = allow(payer, demand)
      const paid = await pay(payer, line.key, demand)
      line.payer = { ...paid.payer, policy: line.payer.policy }
      if (allowed > request.allowed) request.allowed = allowed
      const told = { requestId: request.id, allowed: request.allowed }
      await this.#world.network.send(draws, () => request.machine.voucher(paid.signed, told))
    } catch (error) {
      const code = codeOf(error)
      if (code === 'payment_limit_reached' || code === 'payment_deposit_exhausted') await this.abandon(line, draws)
      else await this.#disagree(line, code, draws)
    }
  }

  #paying({ payer }: Line): Payer {
    return this.#world.flaws.has('the payer signs what is asked') ? trusting(payer) : payer
  }

  /** As her errors tell her to: she pays no more, and closes. */
  async #disagree(line: Line, code: string, draws: Draws): Promise<void> {
    // an old copy that has not tried to write yet does not know that it is one
    if (!line.host.isCopied) this.#world.quarrels.push(`${line.id}: ${code}`)
    await this.stop(line, draws)
  }
}

const add = (a: TokenCounts, b: TokenCounts): TokenCounts => ({
  promptTokens: a.promptTokens + b.promptTokens,
  completionTokens: a.completionTokens + b.completionTokens,
})

/** A payer that would authorise all it has at once. */
const trusting = (payer: Payer): Payer => ({
  ...payer,
  policy: { perRequestLimit: payer.deposited, step: payer.deposited },
})

export const contractEvent = ({ event, call }: ProvenEvent) => ({ contractId: call.contractId, ...event })
