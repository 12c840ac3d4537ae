import type { ProvenEvent } from '@dcml/light-client'
import { signVoucher, toHex } from '@dcml/protocol'
import { CHANNEL_STORAGE } from '../../contracts/model/src/channel.ts'
import { CLOSE_FEE } from './chain.ts'
import type { Draws } from './draws.ts'
import type { Host } from './host.ts'
import { bytesOf, signerOf } from './keys.ts'
import type { Machine } from './machine.ts'
import { arrive } from './network.ts'
import { CHAIN } from './proofs.ts'
import type { World } from './world.ts'

/** A payer that does anything its keys allow, and tries what they do not. */
export class Eve {
  readonly account: string
  readonly #world: World
  readonly #key = signerOf('eve')
  #made = 0

  constructor(world: World, account: string) {
    this.account = account
    this.#world = world
  }

  /** Who hosts for her; a thief has herself. */
  get #hosts(): readonly Host[] {
    const { bob, mallory } = this.#world
    return this.account === mallory.account ? [mallory] : [mallory, bob]
  }

  #machine(draws: Draws): Machine {
    return (draws.one(this.#hosts) as Host).front(draws)
  }

  #own(draws: Draws): bigint {
    const { chain } = this.#world
    const own = [...chain.books.channels].filter(([, { payer }]) => payer === this.account)
    return BigInt(draws.one(own)?.[0] ?? 0)
  }

  /** Opens a channel, in order or with a challenge, a key or a price that is not. */
  async open(draws: Draws): Promise<void> {
    const { chain, bob, trudy } = this.#world
    const host = draws.one([...this.#hosts, ...this.#hosts, ...(this.#hosts.length > 1 ? [trudy] : [])])
    if (host === undefined) return
    const offer = chain.books.providers.get(host.account)
    if (offer === null) return
    const names = [`eve ${++this.#made}`, `eve ${this.#made - 1}`, 'alice 1']
    const challenge = bytesOf(draws.chance(25) ? (draws.one(names) as string) : (names[0] as string))
    const machine = this.#machine(draws)
    if ('machines' in host && !draws.chance(20)) await arrive(() => host.front(draws).challenge(challenge))
    else await arrive(() => machine.challenge(challenge))
    const terms = { maxOwnerPrices: chain.owner.prices, maxProviderPrices: offer.prices }
    const sessionKey = draws.chance(10) ? bob.sessionKey : host.sessionKey
    const keys = { sessionKey, payerKey: toHex(this.#key.publicKey) }
    const args = { provider: host.account, challenge: toHex(challenge), ...keys, ...terms }
    if (!chain.call('open_channel', this.account, args, CHANNEL_STORAGE + 80n + BigInt(draws.below(600)))) return
    const opening = chain.events.at(-1)
    if ('machines' in host && !draws.chance(30)) await arrive(() => host.front(draws).establish(opening as never))
  }

  /** Brings any event of the chain to any enclave, as any message that takes one. */
  async prove(draws: Draws): Promise<void> {
    const { events } = this.#world.chain
    const event = draws.one(events)
    if (event === undefined) return
    const ending = events.findLast(({ event }) => 'to_payer' in (event.data as object)) ?? event
    const machine = this.#machine(draws)
    const id = idOf(event.event.data)
    const messages = [
      () => machine.establish(event),
      () => machine.topUp(event),
      () => machine.answerClosure(event),
      () => machine.forget(draws.chance(50) ? ending : event),
      () => machine.requestClosure(this.#own(draws) || id, event),
    ]
    await arrive(draws.one(messages) as () => Promise<unknown>)
  }

  /** Signs any amount, for any channel. */
  async voucher(draws: Draws): Promise<void> {
    const channelId = draws.chance(80) ? this.#own(draws) : BigInt(draws.below(6))
    const deposited = this.#world.chain.channel(channelId)?.deposited ?? 100n
    const authorised = draws.chance(30) ? BigInt(draws.below(700)) : deposited
    const key = draws.chance(90) ? this.#key : signerOf('nobody')
    const signed = await signVoucher(CHAIN, { channelId, authorised }, key)
    await this.#world.network.send(draws, () => this.#machine(draws).voucher(signed))
  }

  /** Sends a request, or one of before again. */
  async request(draws: Draws): Promise<void> {
    const id = draws.chance(20) ? `eve ${draws.below(this.#made + 1)}` : `eve ${++this.#made}`
    const machine = this.#machine(draws)
    await arrive(() => machine.begin({ requestId: id, ...asked(this.#own(draws), draws) }))
  }

  /** Authorises all there is on a channel of hers, and asks. */
  async use(draws: Draws): Promise<{ machine: Machine; id: string } | null> {
    const { chain } = this.#world
    const channelId = this.#own(draws)
    const channel = chain.channel(channelId)
    const host = this.#hosts.find(({ account }) => account === channel?.provider)
    if (channel === null || host === undefined) return null
    if (draws.chance(60)) await host.restart()
    const machine = host.front(draws)
    const opening = chain.events.find(
      ({ event: { event, data } }) => event === 'channel_opened' && idOf(data) === channelId,
    )
    await arrive(() => machine.establish(opening as ProvenEvent))
    const signed = await signVoucher(CHAIN, { channelId, authorised: channel.deposited }, this.#key)
    await arrive(() => machine.voucher(signed))
    const id = `eve ${++this.#made}`
    await arrive(() => machine.begin({ requestId: id, ...asked(channelId, draws) }))
    return { machine, id }
  }

  async topUp(draws: Draws): Promise<void> {
    const { chain } = this.#world
    const id = draws.chance(90) ? this.#own(draws) : 1n
    if (!chain.call('top_up', this.account, { id }, BigInt(draws.below(200)))) return
    const event = chain.events.at(-1)
    if (event !== undefined) await this.#world.network.send(draws, () => this.#machine(draws).topUp(event))
  }

  /** Forces closures, asks for approvals, blames the host. */
  async end(draws: Draws): Promise<void> {
    const { chain } = this.#world
    const id = this.#own(draws)
    const fee = draws.chance(10) ? 1n : CLOSE_FEE
    const machine = this.#machine(draws)
    const ways: (() => unknown)[] = [
      () => chain.call('start_close', this.account, { id }, fee),
      () => arrive(() => machine.requestClosure(id)),
      () => chain.call('finish_close', this.account, { id }),
      () => chain.call('close_disconnected', this.account, { id }),
      () => chain.call('close_invalid_response', this.account, { id }),
    ]
    await draws.one(ways)?.()
  }
}

const idOf = (data: unknown): bigint => BigInt((data as { channel_id: string }).channel_id)

/** What Eve asks for on a channel. */
const asked = (channelId: bigint, draws: Draws) => ({
  channelId,
  prompt: draws.below(4),
  most: 1 + draws.below(25),
  isWhole: draws.chance(20),
})
