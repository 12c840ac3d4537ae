// The enclave of a model check: `@dcml/channels`' ledger as it is, started again for each move from what it had written.
import {
  type AntiRollback,
  EnclaveLedger,
  type Mark,
  type StateStore,
  type StoredState,
  type ApprovalFacts as Word,
} from '@dcml/channels'
import type { ProvenEvent } from '@dcml/light-client'
import { DcmlError, signVoucher, toHex } from '@dcml/protocol'
import type { Channel } from '../../contracts/model/src/channel.ts'
import type { ApprovalFacts } from '../../contracts/model/src/closing.ts'
import { type Ledger, MS, rules } from '../../contracts/model/test/ledger.ts'
import { bytesOf, signerOf } from './keys.ts'
import { CHAIN, openedData, proven, startedData } from './proofs.ts'

export const CHALLENGE: Uint8Array = bytesOf('challenge')
export const SESSION = signerOf("bob's enclave")
const PAYER = signerOf('alice')
const IDENTITY = { chain: CHAIN, sessionKey: SESSION.publicKey, modelH: bytesOf('model'), host: 'bob.test' }
const ID = 1n
const TOKEN = { promptTokens: 0n, completionTokens: 1n }

export type Message =
  | 'establish'
  | 'top up'
  | 'use'
  | 'use, cut when written'
  | 'use, cut when marked'
  | 'use, cut when sent'
  | 'ask'
  | 'ask, cut when marked'
  | 'ask with the opening'
  | 'answer'
  | 'forget'
  | 'power cut'
  | 'an old state'

/** A proof and the time it is brought at; no event where the message needs none. */
export interface Brought {
  readonly event: ProvenEvent['event']
  readonly now: number
  readonly deposited: bigint
}

interface Taken {
  readonly enclave: Enclave
  readonly sent: bigint
  readonly unsent: bigint
  readonly word: ApprovalFacts | null
}

/** A value: what is on the disk, what the device remembers, and the challenge while it is remembered. */
export class Enclave {
  readonly key: string
  readonly #states: readonly StoredState[]
  readonly #mark: Mark
  readonly #isWaiting: boolean
  /** All moves that were ever made from here, in whichever world. */
  readonly #taken = new Map<string, Taken>()
  static readonly #known = new Map<string, Enclave>()

  private constructor(key: string, states: readonly StoredState[], mark: Mark, isWaiting: boolean) {
    this.key = key
    this.#states = states
    this.#mark = mark
    this.#isWaiting = isWaiting
  }

  /** How many different ones there were. */
  static get count(): number {
    return Enclave.#known.size
  }

  static async start(): Promise<Enclave> {
    const fresh = new Enclave('', [], { counter: 0n, digest: new Uint8Array(32) }, true)
    return (await fresh.#run('an old state', { event: {} as never, now: 1, deposited: 0n }, true)).enclave
  }

  async take(message: Message, brought: Brought): Promise<Taken> {
    const name = [message, JSON.stringify(brought.event), isExpired(brought), isFresh(brought)].join()
    const known = this.#taken.get(name)
    if (known !== undefined) return known
    const taken = await this.#run(message, brought, this.#isWaiting && message !== 'power cut')
    this.#taken.set(name, taken)
    return taken
  }

  async #run(message: Message, brought: Brought, isWaiting: boolean): Promise<Taken> {
    if (message === 'an old state') await this.#refusesOld(brought)
    const { states, device, store, disk } = this.#machine(message)
    const isNewSession = states.length === 0
    const open = () =>
      EnclaveLedger.open({ identity: IDENTITY, isNewSession, store, antiRollback: device, clock: () => brought.now })
    const ledger = await open()
    if (isWaiting) ledger.challenge(CHALLENGE)
    let [sent, unsent] = [0n, 0n]
    let word: Word | null = null
    let isUsed = false
    const proof = proven(brought.event.event, brought.event.data as object)
    const use = async () => {
      await ledger.acceptVoucher(
        await signVoucher(CHAIN, { channelId: ID, authorised: ledger.amounts(ID).deposited }, PAYER),
      )
      const isMarked = message === 'use, cut when marked'
      const asked = await ledger.reserve(ID, 'request', TOKEN).catch((error) => {
        if (isMarked && disk.isCut) unsent = 1n
        throw error
      })
      if ('demand' in asked) return
      ledger.deliver(ID, 'request', TOKEN)
      sent = 1n
      if (message !== 'use, cut when sent') await ledger.release(ID, 'request')
    }
    const acts: Partial<Record<Message, () => Promise<unknown>>> = {
      establish: async () => {
        if (!isFresh(brought)) throw refused()
        await ledger.establish(proof, 0n)
        isUsed = true
      },
      'top up': () => ledger.topUp(proof),
      use,
      'use, cut when written': use,
      'use, cut when marked': use,
      'use, cut when sent': use,
      ask: async () => (word = await ledger.requestClosure(ID)),
      'ask, cut when marked': () => ledger.requestClosure(ID),
      'ask with the opening': async () => (word = await ledger.requestClosure(ID, proof)),
      answer: async () => (word = await ledger.answerClosure(proof)),
      forget: () => ledger.forget(proof),
    }
    await acts[message]?.().catch((error) => {
      if (!DcmlError.isInstance(error)) throw error
    })
    const isCut = message.includes('cut')
    const after = isCut ? await open() : ledger
    const stillWaiting = isWaiting && !isUsed && word === null && !isCut
    const enclave = await Enclave.#one(after, disk.states(), disk.mark(), stillWaiting)
    return { enclave, sent, unsent, word: word && plain(word) }
  }

  /** Of all that its disk ever held, the last state alone is taken. */
  async #refusesOld({ now }: Brought): Promise<void> {
    const antiRollback: AntiRollback = { read: async () => this.#mark, advance: () => Promise.reject(refused()) }
    let taken = 0
    for (const state of this.#states) {
      const store = { read: async () => [state], replace: async () => {}, append: async () => {} }
      await EnclaveLedger.open({ identity: IDENTITY, isNewSession: false, store, antiRollback, clock: () => now }).then(
        () => taken++,
        () => {},
      )
    }
    if (taken > 1) throw new Error(`${taken} different states were taken`)
  }

  /** The same enclave, by what anyone could ever learn from it: the counter of its states is left out. */
  static async #one(
    ledger: EnclaveLedger,
    states: readonly StoredState[],
    mark: Mark,
    isWaiting: boolean,
  ): Promise<Enclave> {
    const entries = JSON.stringify([...ledger.entries()], (_, v) => (typeof v === 'bigint' ? `${v}` : v))
    const key = `${entries} ${isWaiting}`
    const known = Enclave.#known.get(key)
    if (known !== undefined) return known
    const fresh = new Enclave(key, states, mark, isWaiting)
    Enclave.#known.set(key, fresh)
    return fresh
  }

  #machine(message: Message) {
    let [states, mark]: [readonly StoredState[], Mark] = [this.#states, this.#mark]
    let last: StoredState | undefined
    const before = states
    const disk = { isCut: false, states: () => states, mark: () => mark }
    const cut = (): never => {
      disk.isCut = true
      throw new Error('the power was cut')
    }
    const keep = (state: StoredState): void => {
      last = state
      states = [...before, state]
      if (message.endsWith('cut when written') && !disk.isCut) cut()
    }
    const store: StateStore = {
      read: async () => states,
      replace: async (image) => keep({ image, changes: [] }),
      append: async (change) => keep({ ...(last as StoredState), changes: [...(last as StoredState).changes, change] }),
    }
    const device: AntiRollback = {
      read: async () => mark,
      advance: async (next) => {
        mark = next
        if (message.endsWith('cut when marked') && !disk.isCut) cut()
      },
    }
    return { states: before, device, store, disk }
  }
}

const plain = ({ challenge, ...facts }: Word): ApprovalFacts => ({ ...facts, counter: 0n, challenge: toHex(challenge) })
const refused = () => new DcmlError('event_refused', 'The opening is too old.', { hint: 'Open another.' })
const isExpired = ({ now }: Brought): boolean => BigInt(now) * MS >= OPENED + rules.expiry
/** Openings are taken up for less than a challenge period. */
const isFresh = ({ now }: Brought): boolean => BigInt(now) * MS < OPENED + rules.challengePeriod / 2n
const OPENED = 1n

/** What the light client would prove of the ledger's channel for a message; null where nothing of the kind happened. */
export function proofs(ledger: Ledger, message: Message): Brought | null {
  const now = Number(ledger.now / MS)
  const channel: Channel | null = ledger.books.channels.get(`${ID}`)
  const [end] = ledger.ended
  const known = (channel ?? end?.channel) as Channel
  const { deposited } = known
  const of = (event: string, data: object): Brought => ({
    event: { standard: 'dcml_model', version: '1.0.0', event, data: { channel_id: `${ID}`, ...data } },
    now,
    deposited,
  })
  const channelOf = { ...known, challenge: toHex(CHALLENGE), sessionKey: toHex(SESSION.publicKey) }
  const named = { ...channelOf, payer: 'alice.test', provider: 'bob.test', payerKey: toHex(PAYER.publicKey) }
  if (message === 'top up') return deposited > FIRST ? of('channel_topped_up', { deposited: `${deposited}` }) : null
  if (message === 'answer') return known.closing ? of('close_started', startedData(ID, named)) : null
  if (message === 'forget') {
    if (end === undefined) return null
    const event = end.spent === null ? 'channel_forfeited' : 'channel_closed'
    return of(event, { spent: `${end.spent}`, to_payer: `${end.toPayer}` })
  }
  return of('channel_opened', openedData(ID, { ...named, deposited: FIRST }))
}

const FIRST = 20n
