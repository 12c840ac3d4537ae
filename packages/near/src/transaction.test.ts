// One transaction over every line a bad network can be: whatever is lost, it happens at most once, and what is told
// about it is true.

import { decodeSignedTransaction } from '@dcml/light-client'
import { DcmlError } from '@dcml/protocol'
import fc from 'fast-check'
import { actions, baseEncode, KeyPair } from 'near-api-js'
import { InvalidNonceError, NotEnoughBalanceError, UnknownTransactionError } from 'near-api-js/rpc-errors'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { accountFromKey } from './account.ts'
import type { Attempt, Near } from './connection.ts'
import { nearError } from './errors.ts'
import { sendTransaction } from './transaction.ts'

beforeEach(() => void vi.useFakeTimers().setTimerTickMode('nextTimerAsync'))
afterEach(() => void vi.useRealTimers())

/** What becomes of one request to a node. */
const fates = [
  'answered',
  'lost on the way there',
  'lost on the way back',
  'offered twice by a gateway',
  'answered after another took the nonce',
  'answered with nonsense',
  'answered with an unknown error',
  'answered for another transaction',
  'not run yet',
  'refused for its balance',
  'cancelled after it was heard',
] as const
type Fate = (typeof fates)[number]

const BLOCK = baseEncode(new Uint8Array(32).fill(7))

/** A chain of one key, seen through nodes that do what the script says, and answer from its end on. */
function chainBehind(script: readonly Fate[], { lags = false } = {}) {
  const account = accountFromKey('alice.near', KeyPair.fromRandom('ed25519').toString())
  let nonce = 0n
  const executed: string[] = []
  const offered = new Set<string>()
  const left = [...script]
  const outcome = (hash: string, status: unknown = { SuccessValue: '' }) => ({
    status,
    transaction: { hash, signer_id: account.accountId },
    transaction_outcome: {
      id: hash,
      block_hash: BLOCK,
      outcome: { executor_id: account.accountId, gas_burnt: 1, logs: [], status: {} },
    },
    receipts_outcome: [],
  })
  const run = (base64: string): unknown => {
    const { hash, transaction } = decodeSignedTransaction(Uint8Array.from(Buffer.from(base64, 'base64')))
    offered.add(hash)
    if (transaction.nonce <= nonce) throw new InvalidNonceError(Number(nonce), Number(transaction.nonce), hash, BLOCK)
    nonce = transaction.nonce
    executed.push(hash)
    return outcome(hash)
  }
  const hear = (method: string, params: Record<string, string>): unknown => {
    if (method === 'send_tx') return run(params.signed_tx_base64!)
    if (!executed.includes(params.tx_hash!)) throw new UnknownTransactionError(params.tx_hash!)
    return outcome(params.tx_hash!)
  }
  const meet = (fate: Fate, method: string, params: Record<string, string>): unknown => {
    switch (fate) {
      case 'answered':
        return hear(method, params)
      case 'lost on the way there':
        throw new TypeError('fetch failed')
      case 'lost on the way back':
        hear(method, params)
        throw new TypeError('fetch failed')
      case 'offered twice by a gateway':
        hear(method, params)
        return hear(method, params)
      case 'answered after another took the nonce':
        nonce++
        return hear(method, params)
      case 'answered with nonsense':
        hear(method, params)
        return { status: { SuccessValue: '%' } }
      case 'answered with an unknown error':
        hear(method, params)
        throw new DcmlError('near_rpc_refused', 'who knows', { hint: '-' })
      case 'answered for another transaction':
        hear(method, params)
        return outcome(BLOCK)
      case 'not run yet':
        return outcome((hear(method, params) as { transaction: { hash: string } }).transaction.hash, 'Started')
      case 'refused for its balance':
        throw new NotEnoughBalanceError(0n, 1n, account.accountId, BLOCK, BLOCK)
      case 'cancelled after it was heard':
        hear(method, params)
        throw new DcmlError('near_cancelled', 'cancelled', { hint: '-' })
    }
  }
  const attempt: Attempt = async (method, params) => {
    try {
      return meet(left.shift() ?? 'answered', method, params as Record<string, string>)
    } catch (cause) {
      throw nearError(cause, method)
    }
  }
  const near: Near = {
    networkId: 'test',
    request: async () => ({ nonce: lags ? 0 : Number(nonce), block_hash: BLOCK }),
    async *attempts() {
      for (let i = 0; i < 4; i++) yield attempt
    },
  }
  return { account, near, executed, offered }
}

async function send(script: readonly Fate[]) {
  const { account, near, executed, offered } = chainBehind(script)
  const signed: string[] = []
  const error = await sendTransaction(near, {
    account,
    receiverId: 'bob.near',
    actions: [actions.transfer(1n)],
    onSigned: ({ hash }) => void signed.push(hash),
  }).then(
    ({ hash }) => {
      expect(executed).toEqual([hash])
      return undefined
    },
    (error: DcmlError) => error,
  )
  expect(executed.length).toBeLessThanOrEqual(1)
  expect([...offered].every((hash) => signed.includes(hash))).toBe(true)
  if (error?.code === 'near_outcome_unknown') expect(error.details.hash).toBe(signed.at(-1))
  else if (error !== undefined) expect([error.code, executed]).toEqual(['near_transaction_refused', []])
  if (executed.length > 0) expect(executed).toEqual([signed.at(-1)])
  return error?.code ?? 'sent'
}

test('a transaction happens at most once, and what is told about it is true', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.constantFrom(...fates), { maxLength: 9 }), async (script) => {
      await send(script)
    }),
    { numRuns: 500 },
  )
})

test.each<[string, Fate[]]>([
  ['sent', ['lost on the way back', 'lost on the way there']],
  ['sent', ['answered after another took the nonce']],
  ['sent', ['offered twice by a gateway']],
  ['sent', ['answered with an unknown error']],
  ['near_outcome_unknown', ['answered with nonsense']],
  ['near_outcome_unknown', ['answered for another transaction']],
  ['near_outcome_unknown', ['not run yet']],
  ['near_outcome_unknown', Array(4).fill('lost on the way there')],
  ['near_outcome_unknown', ['cancelled after it was heard', 'cancelled after it was heard']],
  ['near_transaction_refused', ['refused for its balance']],
  [
    'near_transaction_refused',
    Array.from({ length: 16 }, (_, i) => (i % 2 ? 'answered' : 'answered after another took the nonce')),
  ],
])('%s: %j', async (told, script) => {
  expect(await send(script)).toBe(told)
})

test('two equal payments are two, over a node that lags and over two connections', async () => {
  const { account, near, executed } = chainBehind([], { lags: true })
  const pay = (via: Near) => sendTransaction(via, { account, receiverId: 'bob.near', actions: [actions.transfer(1n)] })
  const sent = await Promise.all([pay(near), pay({ ...near }), pay(near)])
  expect(sent.map(({ hash }) => hash)).toEqual(executed)
  expect(new Set(executed).size).toBe(3)
})
