import { expect, test } from 'vitest'
import { GENESIS_TIME } from '../../test/made-up-chain.ts'
import {
  CONTRACT,
  eventLog,
  failure,
  goesOn,
  openChannel,
  receiptId,
  type Story,
  tell,
  transactionBy,
} from '../../test/story.ts'
import { LOG_CHECKS, type LogCheckName, parseLogProof, type VerifyEventOptions, verifyLog } from '../index.ts'

type View = { receipt: ReturnType<ReturnType<typeof tell>['proof']>['outcomes'][number]; log: number }

function judge(story: Story = {}, options: Partial<VerifyEventOptions> = {}, change: (proof: View) => void = () => {}) {
  const told = tell(story)
  const view: View = { receipt: structuredClone(told.proof().outcomes[1]!), log: 1 }
  change(view)
  return verifyLog(parseLogProof(view), { ...told.options, ...options })
}

function refusalOf(verdict: ReturnType<typeof verifyLog>): string {
  expect(verdict.checks.map(({ name }) => name)).toEqual(Object.keys(LOG_CHECKS))
  if (verdict.ok) return 'accepted'
  expect(Object.keys(verdict).sort()).toEqual(['checks', 'error', 'ok'])
  const failed = verdict.checks.filter(({ status }) => status === 'fail')
  expect(failed.map(({ name }) => `log_${name}`)).toEqual([verdict.error.code])
  return failed[0]!.name
}

const call = (change: object): Story => ({ receipts: [{ name: 'call', logs: ['hello', eventLog()], ...change }] })

test('proves what a contract logged, from the receipt alone', () => {
  const verdict = judge()
  if (!verdict.ok) throw verdict.error
  expect(verdict.checks.every(({ status }) => status === 'pass')).toBe(true)
  expect(verdict).toMatchObject({
    event: { standard: 'dcml', event: 'channel_opened', data: { channel: '7', amount: '1000' } },
    contractId: CONTRACT,
    receiptId: receiptId('call'),
    block: { height: 8 },
  })
})

test('is given however the contract was called: in a batch, by another contract, in a call that failed later', () => {
  const batch = transactionBy('alice.near', CONTRACT, [openChannel, openChannel])
  expect(refusalOf(judge({ transaction: batch }))).toBe('accepted')
  expect(refusalOf(judge({ transaction: transactionBy('alice.near', 'wallet.near', [openChannel]) }))).toBe('accepted')
  expect(refusalOf(judge(call({ status: goesOn(receiptId('callback')) })))).toBe('accepted')
})

test('the log that is meant is told by its place', () => {
  const logs = ['hello', eventLog(), eventLog({ data: { channel: '8' } })]
  const second = judge(call({ logs }), {}, (proof) => (proof.log = 2))
  expect(second).toMatchObject({ ok: true, event: { data: { channel: '8' } } })
})

test.each<[string, LogCheckName, Story, Partial<VerifyEventOptions>?, ((proof: View) => void)?]>([
  ['a stale head', 'head_fresh', {}, { now: new Date(GENESIS_TIME + 24_000 + 61_000) }],
  ['an event too old', 'event_age', {}, { maxEventAge: 10_000 }],
  ['another contract', 'executor', {}, { contract: 'channels.evil.near' }],
  ['a lookalike that logs the same', 'executor', call({ executorId: 'channels.evil.near' })],
  ['a receipt that was undone', 'success', call({ status: failure })],
  ['a receipt that has not run', 'success', call({ status: { type: 'Unknown' } })],
  ['another log', 'event', {}, {}, (proof) => (proof.log = 0)],
  ['a log that is not there', 'event', {}, {}, (proof) => (proof.log = 2)],
  ['another event', 'event', call({ logs: ['hello', eventLog({ event: 'channel_closed' })] })],
  ['a forged standard', 'standard', call({ logs: ['hello', eventLog({ standard: 'dcm1' })] })],
  [
    'logs that were changed',
    'receipt_outcome',
    {},
    {},
    ({ receipt }) => (receipt.outcome_proof.outcome.logs = ['', eventLog({ data: { amount: '9999' } })]),
  ],
  [
    'a failure turned into success',
    'receipt_outcome',
    call({ status: failure }),
    {},
    ({ receipt }) => Object.assign(receipt.outcome_proof.outcome, { status: { SuccessValue: '' } }),
  ],
  ['a proof for another head', 'head_known', {}, {}, (proof) => (proof.receipt = tell().proof(23).outcomes[1]!)],
])('%s is refused by %s', (_, name, story, options, change) => {
  expect(refusalOf(judge(story, options, change))).toBe(name)
})

test('more logs than a receipt can have are not hashed', () => {
  const receipt = structuredClone(tell().proof().outcomes[1]!)
  receipt.outcome_proof.outcome.logs = Array(10_000).fill('')
  parseLogProof({ receipt, log: 0 })
  receipt.outcome_proof.outcome.logs = Array(10_001).fill('')
  expect(() => parseLogProof({ receipt, log: 0 })).toThrow(expect.objectContaining({ code: 'near_proof_invalid' }))
})

test.each([-1, 0.5, 2 ** 53, '1', undefined])('%s is no place of a log', (log) => {
  expect(() => parseLogProof({ receipt: tell().proof().outcomes[1]!, log })).toThrow(
    expect.objectContaining({ code: 'near_proof_invalid' }),
  )
})
