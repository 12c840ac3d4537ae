import type { ApprovalFacts } from '@dcml/channels'
import { type SignedApproval, sharesOf } from '@dcml/protocol'
import type { Channel } from '../../contracts/model/src/channel.ts'
import { PROVIDER_STORAGE, SESSION_STORAGE } from '../../contracts/model/src/provider.ts'
import { Alice } from './alice.ts'
import { type Approved, Chain, EXPIRY_MS, PERIOD_MS } from './chain.ts'
import { Draws } from './draws.ts'
import { Eve } from './eve.ts'
import type { Flaw } from './flaws.ts'
import { Forger } from './forger.ts'
import { Host, WatcherProcess } from './host.ts'
import type { Message } from './machine.ts'
import { Network } from './network.ts'
import type { Stream } from './serving.ts'

/** Tokens that left an enclave: the n-th of a request on a channel is one token, whoever sends it how often. */
interface Sent {
  readonly channelId: bigint
  prompt: number
  completion: number
}

const COLLATERAL = 3000n
const HOP_MS = PERIOD_MS / 6

/**
 * Charlie's model on a chain, with Bob who hosts honestly, Mallory who hosts a genuine enclave as it suits her, Trudy
 * whose enclave is broken and signs anything, Alice who pays honestly and Eve who does not. What is true is kept beside
 * them.
 */
export class World {
  readonly flaws: ReadonlySet<Flaw>
  readonly chain: Chain
  readonly network = new Network()
  readonly bob: Host
  readonly mallory: Host
  readonly trudy = new Forger('trudy')
  readonly alice: Alice
  readonly eve: Eve
  readonly watcher: WatcherProcess
  /** Every channel that ever was, as it last was. */
  readonly channels = new Map<bigint, Channel>()
  /** By channel and request: who asks two enclaves may give two requests one name. */
  readonly sent = new Map<string, Sent>()
  /** The one final word on each channel, and all words that were given while it was on the chain. */
  readonly approvals = new Map<bigint, ApprovalFacts>()
  readonly signed: Approved[] = []
  /** yoctoNEAR on each channel that crashes may have charged, and that copies of a memory may have given away. */
  readonly crashed = new Map<bigint, bigint>()
  readonly copied = new Map<bigint, bigint>()
  /** How often each message was taken. */
  readonly messages = new Map<Message, number>()
  twoApprovals = false
  servedAfterNotice = false
  readonly quarrels: string[] = []

  /** @param payer who pays dishonestly: the hostile host itself, where it is a thief */
  constructor(flaw?: Flaw, payer = 'eve.test') {
    this.flaws = new Set(flaw === undefined ? [] : [flaw])
    this.chain = new Chain(this.flaws)
    this.bob = new Host(this, 'bob')
    this.mallory = new Host(this, 'mallory')
    this.alice = new Alice(this)
    this.eve = new Eve(this, payer)
    this.watcher = new WatcherProcess(this.bob)
    for (const { account, sessionKey } of [this.bob, this.mallory, this.trudy]) {
      const prices = account === 'mallory.test' ? { input: 2n, output: 4n } : { input: 1n, output: 3n }
      const offer = { endpoint: '', prices, por: 'por.test' }
      this.chain.call('register_provider', account, offer, PROVIDER_STORAGE + SESSION_STORAGE + COLLATERAL)
      this.chain.call('admit_session', account, { sessionKey })
    }
    // a fault before any channel was opened
    this.chain.faults.set('bob.test', this.chain.time())
    this.chain.now++
  }

  async start(): Promise<void> {
    for (const { machines } of [this.bob, this.mallory]) await machines[0]?.start([], true)
  }

  /** Time passes. An honest host is up and its watcher runs at least six times in a challenge period. */
  async wait(ms: number, draws: Draws, isBobAwake = true): Promise<void> {
    const end = this.chain.now + ms
    while (this.chain.now < end) {
      this.chain.block()
      if (isBobAwake) await this.#bobWakes(draws)
      this.chain.now = Math.min(this.chain.now + HOP_MS, end)
    }
    this.chain.block()
  }

  async #bobWakes(draws: Draws): Promise<void> {
    await this.bob.restart()
    const soon = this.chain.time() + BigInt(2 * HOP_MS) * 1_000_000n
    const isLast = [...this.chain.books.channels.values()].some(({ closing }) => closing && closing.deadline <= soon)
    await this.watcher.run(draws, isLast)
  }

  /** Strangers end every channel: nobody else does anything, but for an honest host where it is awake. Then hosts leave. */
  async end(isBobAwake: boolean): Promise<void> {
    const draws = new Draws(1)
    const ids = () => [...this.chain.books.channels.keys()].map(BigInt)
    this.chain.gone.clear()
    await this.wait(EXPIRY_MS, draws, isBobAwake)
    for (const id of ids()) this.chain.call('expire', 'stranger.test', { id })
    await this.wait(PERIOD_MS, draws, isBobAwake)
    for (const id of ids()) this.chain.call('finish_close', 'stranger.test', { id })
    this.chain.block()
    for (const account of [...this.chain.books.owed.keys()])
      this.chain.call('collect_owed', 'stranger.test', { account })
    for (const { account, sessionKey } of [this.bob, this.mallory, this.trudy]) {
      this.chain.call('dismiss_session', account, { sessionKey })
      this.chain.call('leave', account, {}, 1n)
    }
    this.chain.block()
  }

  /** Keeps the channels as they are, for when they are gone. */
  look(): void {
    for (const [id, channel] of this.chain.books.channels) this.channels.set(BigInt(id), channel)
  }

  /** What so many tokens of a channel cost, by who earns it. */
  cost(id: bigint, prompt: number, completion: number): ReturnType<typeof sharesOf> {
    const counts = { promptTokens: BigInt(prompt), completionTokens: BigInt(completion) }
    const channel = this.channels.get(id) ?? this.chain.channel(id)
    return channel ? sharesOf(channel.prices, counts) : { owner: 0n, host: 0n, spent: 0n }
  }

  /** What the tokens sent on a channel cost. */
  worth(id: bigint): ReturnType<typeof sharesOf> {
    let [prompt, completion] = [0, 0]
    for (const one of this.sent.values())
      if (one.channelId === id) {
        prompt += one.prompt
        completion += one.completion
      }
    return this.cost(id, prompt, completion)
  }

  noteMessage(message: Message): void {
    this.messages.set(message, (this.messages.get(message) ?? 0) + 1)
  }

  noteSent(
    { channelId, requestId, sent }: Pick<Stream, 'channelId' | 'requestId' | 'sent'>,
    prompt: number,
    completion: number,
  ): void {
    const name = `${channelId} ${requestId}`
    const known = this.sent.get(name) ?? { channelId, prompt: 0, completion: 0 }
    known.prompt = Math.max(known.prompt, sent.prompt + prompt)
    known.completion = Math.max(known.completion, sent.completion + completion)
    this.sent.set(name, known)
  }

  noteCrash(id: bigint, prompt: number, completion: number): void {
    this.crashed.set(id, (this.crashed.get(id) ?? 0n) + this.cost(id, prompt, completion).spent)
  }

  noteCopy(id: bigint, completion: number): void {
    this.copied.set(id, (this.copied.get(id) ?? 0n) + this.cost(id, 0, completion).owner)
  }

  noteApproval({ approval, signature }: SignedApproval): void {
    const { domain: _domain, challenge, ...facts } = approval
    this.signed.push({ ...facts, challenge: Buffer.from(challenge).toString('hex'), signature })
    // when it has ended, an approval is worth nothing any more
    if (this.chain.channel(facts.channelId) === null) return
    const before = this.approvals.get(facts.channelId)
    if (before !== undefined && before.spent !== facts.spent) this.twoApprovals = true
    this.approvals.set(facts.channelId, { ...facts, challenge })
  }
}
