import { ok, strictEqual } from 'node:assert'
import { expect, test } from 'vitest'
import { CHANNEL_STORAGE } from '../../contracts/model/src/channel.ts'
import { PROVIDER_STORAGE, SESSION_STORAGE } from '../../contracts/model/src/provider.ts'
import { CLOSE_FEE, Ledger, rules } from '../../contracts/model/test/ledger.ts'
import {
  CHAIN_MOVES,
  CLOCK,
  channelOf,
  ENCLAVE_MOVES,
  FAULT,
  HONEST_CLOCK,
  ID,
  keyOf,
  type Move,
  OWNER_PRICE,
  opened,
  PRICE,
  type State,
} from './closing-states.ts'

/** Some seconds; docs/channels.md says how deep it was checked once. */
const DEPTH = Number(process.env.DCML_MODEL_DEPTH ?? 5)

/** All states within `depth` moves of the opening. Returns how many. */
async function explore(depth: number, moves: Record<string, Move>, visit: (state: State) => void): Promise<number> {
  const start = await opened()
  const seen = new Set([keyOf(start)])
  let frontier = [start]
  for (let at = 0; at <= depth; at++) {
    const next: State[] = []
    for (const state of frontier) {
      visit(state)
      if (at === depth) continue
      for (const move of Object.values(moves)) {
        const after = await move(state)
        if (after === null) continue
        const name = keyOf(after)
        if (seen.has(name)) continue
        seen.add(name)
        next.push(after)
      }
    }
    frontier = next
  }
  return seen.size
}

function sumsHold({ ledger }: State): void {
  const sum = Object.values(ledger.counted()).reduce((total, one) => total + one, 0n)
  strictEqual(sum, ledger.balance)
}

/** From here, what anyone may do suffices, though every enclave be silent. */
function canEnd(state: State): void {
  if (channelOf(state) === null) return
  const rest = new Ledger(state.ledger)
  rest.now += rules.expiry
  rest.expire('anyone', ID)
  rest.now += rules.challengePeriod
  ok(rest.finish('anyone', ID), 'the channel can be ended')
  strictEqual(rest.wallet('alice'), 0n)
}

function anyoneHonestIsSafe(state: State): void {
  sumsHold(state)
  canEnd(state)
  const { ledger, sent, unsent, isDoubled } = state
  ok(!isDoubled, 'one channel has one last word')
  const [end, ...more] = ledger.ended
  strictEqual(more.length, 0)
  if (end === undefined) return
  ok(end.toOwner >= sent * OWNER_PRICE, 'the owner earns every token that left, or gets the lock')
  const fee = end.spent !== null ? (end.channel.closing?.fee ?? 0n) : 0n
  const lost = -ledger.wallet('alice')
  ok(lost <= (sent + unsent) * PRICE + fee, 'the payer pays for what left, for power cuts, and for an answer it forced')
  ok(fee <= CLOSE_FEE && end.toPayer >= CHANNEL_STORAGE)
}

function lockIsSafe(state: State): void {
  sumsHold(state)
  for (const { spent } of state.ledger.ended) ok(spent !== null, 'the channel ended on an approval')
  const { free, locked } = state.ledger.books.providers.get('bob') as { free: bigint; locked: bigint }
  ok(state.ledger.wallet('bob') + free + locked >= -PROVIDER_STORAGE - SESSION_STORAGE, 'the host lost nothing')
}

const ANYTHING = { ...CHAIN_MOVES, ...FAULT, ...CLOCK, ...ENCLAVE_MOVES }

test('model check: contract, enclave and clock, whatever is brought to whom and wherever the power is cut', async () => {
  const states = await explore(DEPTH, ANYTHING, anyoneHonestIsSafe)
  if (process.env.DCML_MODEL_DEPTH) console.log({ DEPTH, states })
  expect(states).toBeGreaterThan(1_500)
})

test('model check: a host whose watcher gets through once in a period never loses its lock', async () => {
  const states = await explore(DEPTH, { ...CHAIN_MOVES, ...HONEST_CLOCK, ...ENCLAVE_MOVES }, lockIsSafe)
  if (process.env.DCML_MODEL_DEPTH) console.log({ DEPTH, states })
  expect(states).toBeGreaterThan(900)
})

test('the model check notices a stolen token, an approval of less, and a watcher that sleeps', async () => {
  const stolen: Move = (state) => ({ ...state, sent: state.sent + 1n })
  const less: Move = (state) => ({ ...state, word: state.word && { ...state.word, spent: 0n, completionTokens: 0n } })
  await expect(explore(5, { ...ANYTHING, stolen }, anyoneHonestIsSafe)).rejects.toThrow('the owner earns')
  await expect(explore(5, { ...ANYTHING, less }, anyoneHonestIsSafe)).rejects.toThrow('the owner earns')
  await expect(explore(5, { ...CHAIN_MOVES, ...CLOCK }, lockIsSafe)).rejects.toThrow('ended on an approval')
})
