import {
  type AntiRollback,
  type ApprovalFacts,
  EnclaveLedger,
  type Mark,
  type StateStore,
  type StoredState,
} from '@dcml/channels'
import type { ProvenEvent } from '@dcml/light-client'
import { DcmlError, type SignedApproval, type SignedVoucher, signApproval } from '@dcml/protocol'
import { PERIOD_MS } from './chain.ts'
import type { Host, Snapshot } from './host.ts'
import { CHAIN, proven } from './proofs.ts'
import { type Allowed, type Request, Serving } from './serving.ts'

/** Where a machine can lose its power: before a state is written, before it is marked, before it is answered. */
export type Death = 'write' | 'written' | 'marked'

/** What an enclave can be told. */
export const MESSAGES = [
  'challenge',
  'establish',
  'topUp',
  'voucher',
  'begin',
  'work',
  'drop',
  'requestClosure',
  'answerClosure',
  'forget',
] as const
export type Message = (typeof MESSAGES)[number]

/** Openings older than this are not taken up, so that none is after its end. */
const MAX_EVENT_AGE_MS = PERIOD_MS / 2

/**
 * A machine with a genuine enclave on it: the ledger as it is, with what the runtime adds. Its host may cut the power,
 * offer any old state, and copy its memory: what it was told since it started is told to the copy again.
 */
export class Machine {
  readonly host: Host
  readonly #serving: Serving
  death: Death | null = null
  isDown = true
  /** A rollback was noticed: from here on everything must be refused. */
  noticed = false
  #ledger!: EnclaveLedger
  #log: { at: number; act: (machine: Machine) => Promise<unknown> }[] = []
  #boot: { mark: Mark; states: readonly StoredState[] } = {
    mark: { counter: 0n, digest: new Uint8Array(32) },
    states: [],
  }
  /** Set while a copy is told what its original was told. */
  #replayed: number | null = null

  constructor(host: Host) {
    this.host = host
    this.#serving = new Serving(this)
  }

  get ledger(): EnclaveLedger {
    return this.#ledger
  }

  get isReplaying(): boolean {
    return this.#replayed !== null
  }

  get streams(): Serving['streams'] {
    return this.#serving.streams
  }

  get outbox(): Serving['outbox'] {
    return this.#serving.outbox
  }

  /** Starts the enclave from what the host offers. */
  async start(offered: readonly Snapshot[], isNewSession = false): Promise<void> {
    this.noticed = false
    await this.#boots(offered, isNewSession)
  }

  async #boots(offered: readonly Snapshot[], isNewSession = false): Promise<void> {
    const states = offered.map(({ state }) => state)
    this.#boot = { mark: (this.#isForgetful ? offered.at(-1)?.mark : null) ?? (await this.host.device.read()), states }
    this.#log = []
    this.streams.clear()
    try {
      await this.#open(isNewSession)
      this.isDown = false
    } catch (error) {
      const code = codeOf(error)
      if (code === 'channel_state_unsure') return
      if (code !== 'channel_state_rolled_back' && code !== 'channel_state_missing') throw error
      if (!this.noticed) await this.#notice(offered)
    }
  }

  /** A copy that learns it is not the last stops for good, unless it is one that goes on. */
  async #notice(offered: readonly Snapshot[]): Promise<void> {
    this.noticed = true
    if (this.host.flaws.has('an enclave goes on after it noticed a rollback')) await this.#boots(offered)
  }

  get #isForgetful(): boolean {
    const { flaws, world } = this.host
    const isForgetful = flaws.has('the anti-rollback device takes every state') && this.host === world.mallory
    return isForgetful || this.noticed
  }

  async #open(isNewSession: boolean): Promise<void> {
    const { host } = this
    const die = (at: Death): void => {
      if (this.death !== at || this.#replayed !== null) return
      this.death = null
      throw new Error('the power was cut')
    }
    const isForgetful = this.#isForgetful
    const antiRollback: AntiRollback = {
      read: async () => this.#boot.mark,
      advance: async (next) => {
        if (this.#replayed !== null) return
        host.mark(next)
        if (!isForgetful) await host.device.advance(next)
        die('marked')
      },
    }
    let log: StoredState | undefined
    const keep = async (state: StoredState): Promise<void> => {
      die('write')
      log = state
      if (this.#replayed !== null) return
      host.disk.push({ state, mark: null })
      die('written')
    }
    const store: StateStore = {
      read: async () => this.#boot.states,
      replace: (image) => keep({ image, changes: [] }),
      append: (change) => keep({ ...(log as StoredState), changes: [...(log as StoredState).changes, change] }),
    }
    const clock = () => this.#replayed ?? host.world.chain.now + host.skew
    this.#ledger = await EnclaveLedger.open({ identity: host.identity, isNewSession, store, antiRollback, clock })
  }

  /** A copy of the memory as it was after so many of the steps of this life; null where nothing was to be copied. */
  async copied(steps: number): Promise<Machine | null> {
    if (this.isDown || this.noticed) return null
    const copy = new Machine(this.host)
    copy.#boot = this.#boot
    copy.#replayed = 0
    await copy.#open(this.#boot.mark.counter === 0n)
    for (const { at, act } of this.#log.slice(0, steps)) {
      copy.#replayed = at
      await act(copy).catch(() => {})
    }
    copy.#replayed = null
    copy.#log = this.#log.slice(0, steps)
    copy.outbox.clear()
    copy.isDown = false
    return copy
  }

  /** Another machine on the same disk. */
  twin(): Machine {
    return new Machine(this.host)
  }

  get steps(): number {
    return this.#log.length
  }

  /** Tells the enclave something. Whatever it is told after a rollback was noticed, it must refuse. */
  async #enter<T>(message: Message, act: (machine: Machine) => Promise<T>): Promise<T> {
    if (this.isDown) throw new DcmlError('machine_down', 'The machine is off.', { hint: 'Start it.' })
    if (this.#replayed === null) this.#log.push({ at: this.host.world.chain.now + this.host.skew, act })
    try {
      const result = await act(this)
      if (this.#replayed === null) this.host.world.noteMessage(message)
      if (this.noticed && this.#replayed === null) this.host.world.servedAfterNotice = true
      return result
    } catch (error) {
      if (codeOf(error) === 'channel_state_unsure' && this.#replayed === null) await this.#unsure()
      throw error
    }
  }

  /** A process that cannot know whether it is the last stops, whether its power was cut or another copy has counted. */
  async #unsure(): Promise<void> {
    this.kill()
    const { host } = this
    if (host.flaws.has('an enclave goes on after it noticed a rollback')) await this.#notice(host.disk.slice(-1))
  }

  /** The power is cut: what is reserved may or may not have been sent. */
  kill(): void {
    if (this.isDown) return
    for (const { channelId, left } of this.streams.values()) this.host.world.noteCrash(channelId, 0, left)
    this.streams.clear()
    this.isDown = true
  }

  challenge(random: Uint8Array): Promise<void> {
    return this.#enter('challenge', async (machine) => void machine.#ledger.challenge(random))
  }

  establish(opening: ProvenEvent): Promise<void> {
    return this.#enter('establish', async (machine) => {
      const age = machine.#now() - Number(opening.block.timestamp / 1_000_000n)
      if (age > MAX_EVENT_AGE_MS) throw new DcmlError('channel_not_ours', 'Not taken up.', { hint: 'Open another.' })
      await machine.#ledger.establish(opening, 0n)
    })
  }

  topUp(event: ProvenEvent): Promise<void> {
    return this.#enter('topUp', async (machine) => void (await machine.#ledger.topUp(event)))
  }

  /** @param told what the request may cost that it is for; one that a better voucher has overtaken still says so */
  voucher(signed: SignedVoucher, told?: Allowed): Promise<void> {
    return this.#enter('voucher', async (machine) => {
      const resume = () => machine.#serving.resume(signed.voucher.channelId, told)
      try {
        await machine.#ledger.acceptVoucher(signed)
      } catch (error) {
        if (codeOf(error) === 'voucher_stale') resume()
        throw error
      }
      resume()
    })
  }

  /** Takes a request up; a second of the same name is the first one doubled. */
  begin(request: Request): Promise<void> {
    return this.#enter('begin', async (machine) => machine.#serving.begin(request))
  }

  /** One step of a stream: a reservation of so many tokens, the next token, or the receipt. */
  work(requestId: string, step: number): Promise<void> {
    return this.#enter('work', (machine) => machine.#serving.work(requestId, step))
  }

  /** The enclave notices that nobody reads a stream any more, and ends it. */
  drop(requestId: string): Promise<void> {
    return this.#enter('drop', (machine) => machine.#serving.drop(requestId))
  }

  requestClosure(channelId: bigint, opening?: ProvenEvent): Promise<SignedApproval> {
    return this.#enter('requestClosure', (machine) =>
      machine.#approve(() => machine.#ledger.requestClosure(channelId, opening)),
    )
  }

  answerClosure(closing: ProvenEvent): Promise<SignedApproval> {
    return this.#enter('answerClosure', (machine) =>
      machine.#approve(async () => {
        const id = BigInt((closing.event.data as { channel_id: string }).channel_id)
        if (machine.host.flaws.has('a channel that was never taken up is not approved'))
          return machine.#ledger.requestClosure(id)
        return machine.#ledger.answerClosure(closing)
      }),
    )
  }

  forget(end: ProvenEvent): Promise<void> {
    return this.#enter('forget', (machine) => machine.#ledger.forget(end))
  }

  async #approve(act: () => Promise<ApprovalFacts>): Promise<SignedApproval> {
    const facts = await act()
    const signed = await signApproval(CHAIN, facts, this.host.session)
    if (this.#replayed === null) this.host.world.noteApproval(signed)
    if (this.host.flaws.has('an enclave forgets a channel when it has approved it')) {
      const end = { channel_id: `${facts.channelId}`, spent: '0', to_payer: '0' }
      await this.#ledger.forget(proven('channel_closed', end))
    }
    return signed
  }

  #now(): number {
    return this.#replayed ?? this.host.world.chain.now + this.host.skew
  }
}

export const codeOf = (error: unknown): string => (DcmlError.isInstance(error) ? error.code : `${error}`)
