// Four processes, one channel after the other, and somebody who kills them.
import { setTimeout as sleep } from 'node:timers/promises'
import { formatTrustRoot } from '@dcml/light-client'
import { accountFromKey, connectNear, fetchTrustRoot, type Near, readEvents } from '@dcml/near'
import { model, modelProvider, modelWallet } from '@dcml/near/model'
import { fromHex } from '@dcml/protocol'
import { Role, type RoleName } from './role.ts'
import { CHAIN_ID, DEPOSIT, PRICES, type Said, type Stage } from './stage.ts'

/** What a runtime says when it is ready. */
interface Ready {
  readonly port: number
  readonly admin: number
  readonly sessionKey: string
  readonly imageH: string
}

/** What was heard of one channel's life. */
export interface Life {
  channelId: bigint | undefined
  /** Channels opened on a challenge that a killed runtime had forgotten. */
  readonly vain: Set<bigint>
  /** Requests that were asked; tokens of each that the payer got; and those whose receipt it took. */
  readonly asked: Set<string>
  readonly got: Map<string, number>
  readonly done: Set<string>
  /** Tokens that the engine made, for all requests. */
  readonly made: Map<string, number>
  /** What the payer thought was spent, at its last receipt and at the end. */
  spent: bigint
  settled: bigint | undefined
  readonly kills: Record<RoleName, number>
  readonly failures: Map<string, number>
}

const newLife = (): Life => ({
  channelId: undefined,
  vain: new Set(),
  asked: new Set(),
  got: new Map(),
  done: new Set(),
  made: new Map(),
  spent: 0n,
  settled: undefined,
  kills: { chain: 0, runtime: 0, payer: 0, watcher: 0 },
  failures: new Map(),
})

/** Out of which victims are drawn. */
const HAT: readonly RoleName[] = [
  ...Array<RoleName>(5).fill('runtime'),
  ...Array<RoleName>(3).fill('payer'),
  ...(['chain', 'watcher'] as const),
]
const PATIENCE_MS = 30_000

export class Story {
  readonly #random: () => number
  readonly #roles: Record<RoleName, Role>
  readonly #waiting = new Set<{ wants: (role: RoleName, said: Said) => boolean; resolve: () => void }>()
  readonly #starts: Promise<unknown>[] = []
  #stage: Stage
  #life = newLife()
  /** Height at which the present life began: the chain drops old blocks. */
  #from = 1
  near!: Near

  private constructor(folder: string, seed: number) {
    this.#random = mulberry32(seed)
    const keys = { alice: nobody, bob: nobody, charlie: nobody, gas: nobody }
    const ports = { chain: 0, runtime: 0, admin: 0 }
    this.#stage = { folder, ports, contract: 'model.test.near', keys, root: '', life: 0, aim: 'pay', seed: 0 }
    const role = (name: RoleName) =>
      new Role(
        name,
        () => this.#stage,
        (said) => this.#hear(name, said),
      )
    this.#roles = { chain: role('chain'), runtime: role('runtime'), payer: role('payer'), watcher: role('watcher') }
  }

  /** Chain, contract, a runtime whose key the host admitted, a watcher. */
  static async begin(folder: string, seed: number): Promise<Story> {
    const story = new Story(folder, seed)
    const { url, keys } = (await story.#roles.chain.start()) as Said & { url: string; keys: Stage['keys'] }
    story.near = connectNear({ networkId: CHAIN_ID, nodes: url, rounds: 8 })
    story.#set({ keys, root: formatTrustRoot(await fetchTrustRoot(story.near)) })
    story.#set({ ports: { ...story.#stage.ports, chain: Number(new URL(url).port) } })
    const ready = (await story.#roles.runtime.start()) as Said & Ready
    story.#set({ ports: { ...story.#stage.ports, runtime: ready.port, admin: ready.admin } })
    const { near } = story
    const host = modelProvider({ near, account: story.account('bob'), contract: story.contract })
    const { hostInput, hostOutput } = PRICES
    const offer = { endpoint: `https://127.0.0.1:${ready.port}`, hostInput, hostOutput, porAccount: null }
    await host.register({ ...offer, collateral: 10n * DEPOSIT })
    await host.admit(fromHex(ready.sessionKey, 32))
    const images = { image_hs: [fromHex(ready.imageH, 32)] }
    await model(near, story.contract).set_images(images, { account: story.account('charlie') })
    await story.#roles.watcher.start()
    return story
  }

  get contract(): string {
    return this.#stage.contract
  }

  account(name: keyof Stage['keys']) {
    const { accountId, secretKey } = this.#stage.keys[name]
    return accountFromKey(accountId, secretKey)
  }

  /** One channel: opened, paid from while so many kills fall into its streams, closed under two more. */
  async tell(life: number, kills: number, end: 'agreed' | 'forced'): Promise<Life> {
    this.#life = newLife()
    this.#from = await this.#height()
    this.#set({ life, aim: 'pay' })
    this.#start('payer')
    // the first kill falls anywhere into the opening
    await sleep(this.#random() * 1500)
    for (let n = 0; n < kills; n++) {
      await this.#killSomebody(this.#pick())
      await this.#until((role, { event }) => role === 'payer' && event === 'got', 'a stream goes on')
      await sleep(this.#random() ** 2 * 400)
    }
    await this.#roles.payer.kill()
    await Promise.all(this.#starts.splice(0))
    if (end === 'agreed') await this.#closeAgreed()
    else await this.#closeForced()
    await Promise.all(this.#starts.splice(0))
    return this.#life
  }

  async #closeAgreed(): Promise<void> {
    this.#set({ aim: 'close' })
    const closed = this.#until((role, { event }) => role === 'payer' && event === 'closed', 'the channel is closed')
    this.#start('payer')
    for (const victim of [this.#pick(), this.#pick()]) {
      await sleep(this.#random() * 1000)
      // a payer that has closed is not there to be killed
      if (this.#roles[victim].isRunning) await this.#killSomebody(victim)
    }
    await closed
    await this.#roles.payer.kill()
  }

  async #closeForced(): Promise<void> {
    const channelId = this.#life.channelId!
    const answered = this.#until(
      (role, { event, channelId: id }) =>
        role === 'watcher' && event === 'seen.channel_closed' && id === `${channelId}`,
      'the watcher sees the end',
    )
    await modelWallet({ near: this.near, account: this.account('alice'), contract: this.contract }).startClose(
      channelId,
    )
    for (let n = 0; n < 2; n++) {
      await sleep(this.#random() * 500)
      await this.#killSomebody((['runtime', 'watcher', 'chain'] as const)[Math.floor(this.#random() * 3)]!)
    }
    await answered
  }

  async #height(): Promise<number> {
    const { header } = (await this.near.request('block', { finality: 'final' })) as { header: { height: number } }
    return header.height
  }

  /** Amounts that the contract settled, of the event that ended a channel of the last life. */
  async ending(channelId: bigint): Promise<Record<'spent' | 'to_owner' | 'to_provider' | 'to_payer', bigint>> {
    for (let from = this.#from; ; ) {
      const page = await readEvents(this.near, {
        contractId: this.contract,
        from,
        event: 'channel_closed',
        blocks: 500,
      })
      const found = page.events.find(({ data }) => (data as { channel_id: string }).channel_id === `${channelId}`)
      if (found !== undefined)
        return Object.fromEntries(
          Object.entries(found.data as Record<string, string>)
            .filter(([name]) => name === 'spent' || name.startsWith('to_'))
            .map(([name, amount]) => [name, BigInt(amount)]),
        ) as never
      if (page.next === from) await sleep(200)
      from = page.next
    }
  }

  books = () => model(this.near, this.contract).totals()
  host = () => modelProvider({ near: this.near, account: this.account('bob'), contract: this.contract }).overview()

  async balance(accountId: string): Promise<bigint> {
    const query = { request_type: 'view_account', account_id: accountId, finality: 'optimistic' }
    return BigInt(((await this.near.request('query', query)) as { amount: string }).amount)
  }

  async end(): Promise<void> {
    await Promise.all(Object.values(this.#roles).map((role) => role.end()))
  }

  #pick(): RoleName {
    return HAT[Math.floor(this.#random() * HAT.length)]!
  }

  async #killSomebody(name: RoleName): Promise<void> {
    this.#life.kills[name]++
    await this.#roles[name].kill()
    this.#start(name)
    // sometimes once more while it starts
    if (this.#random() > 0.1) return
    await sleep(this.#random() * 400)
    this.#life.kills[name]++
    await this.#roles[name].kill()
    this.#start(name)
  }

  #start(name: RoleName): void {
    if (name === 'payer') this.#set({ seed: this.#stage.seed + 1 })
    this.#starts.push(this.#roles[name].start())
  }

  #set(change: Partial<Stage>): void {
    this.#stage = { ...this.#stage, ...change }
  }

  #until(wants: (role: RoleName, said: Said) => boolean, what: string): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const late = setTimeout(() => reject(new Error(`${what}: not within a minute; ${this.#news()}`)), PATIENCE_MS)
    const entry = { wants, resolve }
    this.#waiting.add(entry)
    return promise.finally(() => {
      clearTimeout(late)
      this.#waiting.delete(entry)
    })
  }

  #hear(role: RoleName, said: Said): void {
    const life = this.#life
    const { event, request } = said as Said & { request: string }
    if (event === 'open') life.channelId = BigInt(said.channelId as string)
    if (event === 'vain') life.vain.add(BigInt(said.channelId as string))
    if (event === 'ask') life.asked.add(request)
    if (event === 'made') life.made.set(request, (life.made.get(request) ?? 0) + 1)
    if (event === 'got') life.got.set(request, said.n as number)
    if (event === 'done') life.done.add(request)
    if (event === 'done' || event === 'closed') life.spent = BigInt(said.spent as string)
    if (event === 'closed') life.settled = said.settled === 'null' ? undefined : BigInt(said.settled as string)
    if (event === 'failed') {
      const name = `${said.what} ${said.code}${said.code === 'other' ? `: ${String(said.message).slice(0, 300)}` : ''}`
      life.failures.set(name, (life.failures.get(name) ?? 0) + 1)
    }
    for (const { wants, resolve } of this.#waiting) if (wants(role, said)) resolve()
  }

  #news = (): string =>
    JSON.stringify({ kills: this.#life.kills, failures: [...this.#life.failures], stage: this.#stage.life })
}

const nobody = { accountId: '', secretKey: '' }

/** A small generator of random numbers in [0, 1) that a seed repeats. */
function mulberry32(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}
