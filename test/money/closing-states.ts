// The closing protocol as states and moves: one channel in the contract, its enclave, what was proven to whom, the clock.
import { approved, closeArguments, decide, type EventPage, observe, startWatcher } from '@dcml/channels'
import { formatApproval, signApproval } from '@dcml/protocol'
import { CHANNEL_STORAGE, type Channel } from '../../contracts/model/src/channel.ts'
import type { ApprovalFacts } from '../../contracts/model/src/closing.ts'
import { PROVIDER_STORAGE, SESSION_STORAGE } from '../../contracts/model/src/provider.ts'
import { Ledger, MS, rules } from '../../contracts/model/test/ledger.ts'
import { CHALLENGE, Enclave, type Message, proofs, SESSION } from './closing-enclave.ts'
import { CHAIN } from './proofs.ts'

export const ID = 1n
/** A completion token costs 10, of which the owner earns 7. */
export const PRICE = 10n
export const OWNER_PRICE = 7n
/** Half a challenge period. */
const TICK = rules.challengePeriod / 2n
const DEPOSIT = 2n * PRICE

/** All there is. Proofs and approvals never get lost: whoever has one may bring it at any later time, as often as it likes. */
export interface State {
  readonly ledger: Ledger
  readonly enclave: Enclave
  /** Tokens that left the enclave; tokens that a power cut had counted and not sent. */
  readonly sent: bigint
  readonly unsent: bigint
  /** The enclave's word, once it was heard. */
  readonly word: ApprovalFacts | null
  /** Two words of different amounts while the channel stood. */
  readonly isDoubled: boolean
}

/** One move: the state after it, or null where it is not possible. */
export type Move = (state: State) => State | null | Promise<State | null>

export async function opened(): Promise<State> {
  const ledger = new Ledger()
  ledger.register('bob', PROVIDER_STORAGE + SESSION_STORAGE + 60n, { input: 1n, output: 3n })
  ledger.admit('bob', 'bob-enclave')
  if (!ledger.open('alice', CHANNEL_STORAGE + DEPOSIT, 'bob', 'bob-enclave')) throw new Error('not opened')
  return { ledger, enclave: await Enclave.start(), sent: 0n, unsent: 0n, word: null, isDoubled: false }
}

export const channelOf = ({ ledger }: State): Channel | null => ledger.books.channels.get(`${ID}`)

/** States that cannot be told apart by anything that follows are one. */
export const keyOf = ({ ledger, enclave, sent, unsent, word, isDoubled }: State): string =>
  [ledger.picture(), ledger.now, ...ledger.wallets, enclave.key, sent, unsent, word?.spent, isDoubled].join()

const chain =
  (act: (ledger: Ledger, state: State) => unknown): Move =>
  (state) => {
    const ledger = new Ledger(state.ledger)
    ledger.delivered.set(ID, { promptTokens: 0n, completionTokens: state.sent, final: false })
    return act(ledger, state) === false ? null : { ...state, ledger }
  }

const submit = (ledger: Ledger, word: ApprovalFacts | null): boolean =>
  word !== null && ledger.close('anyone', { ...word, challenge: `c${ID}` }, () => true)

/** What the chain allows, to whoever it allows it. */
export const CHAIN_MOVES: Record<string, Move> = {
  force: chain((ledger) => ledger.startClose('alice', ID)),
  'top up': chain((ledger) => ledger.topUp('alice', ID, PRICE)),
  expire: chain((ledger) => ledger.expire('anyone', ID)),
  finish: chain((ledger) => ledger.finish('anyone', ID)),
  submit: chain((ledger, { word }) => submit(ledger, word)),
  withdraw: chain((ledger) => ledger.withdraw('bob', PRICE)),
}

export const FAULT: Record<string, Move> = { fault: chain((ledger) => ledger.judge(ID, ledger.now)) }

export const CLOCK: Record<string, Move> = {
  tick: chain((ledger) => wait(ledger, TICK)),
  'long wait': chain((ledger) => wait(ledger, rules.expiry)),
}

function wait(ledger: Ledger, ns: bigint): void {
  ledger.now += ns
}

const tell =
  (message: Message): Move =>
  async (state) => {
    const proof = proofs(state.ledger, message)
    if (proof === null) return null
    const { enclave, sent, unsent, word } = await state.enclave.take(message, proof)
    const isSecond = word !== null && state.word !== null && word.spent !== state.word.spent
    const next = { ...state, enclave, sent: state.sent + sent, unsent: state.unsent + unsent }
    // of two words the one that pays less
    const least = isSecond && state.word !== null && word.spent > state.word.spent ? state.word : (word ?? state.word)
    return { ...next, word: least, isDoubled: state.isDoubled || (isSecond && channelOf(state) !== null) }
  }

const MESSAGES: readonly Message[] = [
  'establish',
  'top up',
  'use',
  'use, cut when written',
  'use, cut when marked',
  'use, cut when sent',
  'ask',
  'ask, cut when marked',
  'ask with the opening',
  'answer',
  'forget',
  'power cut',
  'an old state',
]

/** What the enclave can be told, and where its power can be cut. */
export const ENCLAVE_MOVES: Record<string, Move> = Object.fromEntries(
  MESSAGES.map((message) => [`enclave: ${message}`, tell(message)]),
)

/** Bob is awake: his watcher looks once a tick, and gets through at least in the last. */
export const HONEST_CLOCK: Record<string, Move> = {
  tick: async (state) => chainWait(await watch(state), TICK),
  'tick, nothing gets through': (state) => {
    const closing = channelOf(state)?.closing
    return closing && state.ledger.now + 2n * TICK > closing.deadline ? null : chainWait(state, TICK)
  },
  'long wait': (state) => (channelOf(state)?.closing ? null : chainWait(state, rules.expiry)),
}

const chainWait = (state: State, ns: bigint): State | null => chain((ledger) => wait(ledger, ns))(state) as State | null

/** The watcher as it is after a restart: it reads again what happened, and does what is due. */
async function watch(state: State): Promise<State> {
  const now = Number(state.ledger.now / MS)
  const times = { warnBeforeMs: 2, urgentBeforeMs: 1, retryMs: 1, blindAfterMs: 1000 }
  const page: EventPage = { next: 9, events: eventsOf(state) }
  let watcher = observe(startWatcher({ chain: CHAIN, ...times }, 0, now), page, now)
  let next = state
  if (decide(watcher, now).tasks.some(({ task }) => task === 'ask-enclave')) {
    next = (await tell('answer')(state)) ?? state
    if (next.word !== null) watcher = approved(watcher, ID, await textOf(next.word))
  }
  for (const task of decide(watcher, now).tasks) {
    if (task.task !== 'submit-answer') continue
    const { spent } = closeArguments(task.approval)
    next = (await chain((ledger, { word }) => word?.spent === spent && submit(ledger, word))(next)) ?? next
  }
  return next
}

function eventsOf({ ledger }: State): EventPage['events'] {
  const place = (blockHeight: number) => ({ blockHeight, blockHash: 'b', receiptId: 'r' })
  const started = proofs(ledger, 'answer')
  const seen = [proofs(ledger, 'establish'), ...(channelOf({ ledger } as State)?.closing ? [started] : [])]
  const ended = proofs(ledger, 'forget')
  return [...seen, ended].flatMap((proof, at) =>
    proof === null || !('event' in proof) ? [] : [{ contractId: CHAIN.contract, ...proof.event, ...place(at + 1) }],
  )
}

const textOf = async (word: ApprovalFacts): Promise<string> =>
  formatApproval(await signApproval(CHAIN, { ...word, challenge: CHALLENGE }, SESSION))
