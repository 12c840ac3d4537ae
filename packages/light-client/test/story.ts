// One call that logs an event, proven on a made-up chain; every test changes one thing about it.
import { utf8 } from '@dcml/protocol'
import { base64 } from '@scure/base'
import {
  type Action,
  type CryptoHash,
  encodeSignedTransaction,
  type Outcome,
  type OutcomeStatus,
  parseEventProof,
  type Transaction,
  transactionHash,
  type VerifyEventOptions,
  verifyEvent,
} from '../src/index.ts'
import { type Executed, GENESIS_TIME, hashOfText, MadeUpChain, publicKeyOf, sign } from './made-up-chain.ts'

export const CONTRACT = 'channels.dcml.near'
export const eventLog = (change: object = {}) =>
  `EVENT_JSON:${JSON.stringify({ standard: 'dcml', version: '1.0.0', event: 'channel_opened', data: { channel: '7', amount: '1000' }, ...change })}`

export const success = (text = ''): OutcomeStatus => ({ type: 'SuccessValue', value: utf8(text) })
export const failure: OutcomeStatus = { type: 'Failure', error: { ActionError: { index: 0, kind: 'x' } } }
export const goesOn = (receiptId: CryptoHash): OutcomeStatus => ({ type: 'SuccessReceiptId', receiptId })

export const openChannel: Action = {
  type: 'FunctionCall',
  methodName: 'open_channel',
  args: utf8('{"receiver":"host.near"}'),
  gas: 30_000_000_000_000n,
  deposit: 1000n,
}

export const transactionBy = (signerId: string, receiverId: string, actions: readonly Action[]): Transaction => ({
  version: 0,
  signerId,
  publicKey: publicKeyOf(signerId),
  nonce: 1n,
  receiverId,
  blockHash: hashOfText('recent'),
  actions,
})

export interface Story {
  readonly transaction?: Transaction
  /** Outcome of the transaction; default: it became the first receipt. */
  readonly converted?: Partial<Outcome>
  /** Outcomes of the receipts, by name; each is executed one block after the one before. */
  readonly receipts?: readonly (Partial<Outcome> & { readonly name: string })[]
}

export const receiptId = (name: string) => hashOfText(`receipt ${name}`)

const outcome = (change: Partial<Outcome>): Outcome => ({
  executorId: CONTRACT,
  logs: [],
  receiptIds: [],
  gasBurnt: 2_427_000_000_000n,
  tokensBurnt: 242_700_000_000_000_000_000n,
  status: success(),
  ...change,
})

const noise = (name: string): Executed => ({
  id: hashOfText(`noise ${name}`),
  outcome: outcome({ executorId: 'other.near', logs: [eventLog()] }),
})

/** Height of the block that executes the transaction. */
const START = 6

export function tell({ transaction, converted, receipts }: Story = {}) {
  const sent = transaction ?? transactionBy('alice.near', CONTRACT, [openChannel])
  const steps = receipts ?? [{ name: 'call', logs: ['hello', eventLog()] }]
  const first = steps[0] === undefined ? [] : [receiptId(steps[0].name)]
  const hash = transactionHash(sent)
  const chain = new MadeUpChain().produceTo(START - 1)
  const becomes = { executorId: sent.signerId, receiptIds: first, status: goesOn(first[0] ?? receiptId('none')) }
  chain.produce([noise('a'), { id: hash, outcome: outcome({ ...becomes, ...converted }) }], [noise('b')])
  for (const { name, ...change } of steps)
    chain.produce(
      [noise(`c ${name}`)],
      [noise(name), { id: receiptId(name), outcome: outcome(change) }, noise(`d ${name}`)],
    )
  const headHeight = 24
  chain.produceTo(headHeight + 2)
  const bytes = encodeSignedTransaction({ transaction: sent, signature: sign(sent.signerId, utf8(hash)) })
  const proof = (head = headHeight) => ({
    transaction: base64.encode(bytes),
    outcomes: [
      chain.proof(START, hash, head),
      ...steps.map(({ name }, i) => chain.proof(START + 1 + i, receiptId(name), head)),
    ],
  })
  const options: VerifyEventOptions = {
    contract: CONTRACT,
    standard: 'dcml',
    event: 'channel_opened',
    state: chain.trust(headHeight),
    now: new Date(GENESIS_TIME + headHeight * 1000 + 500),
    maxHeadAge: 60_000,
    maxEventAge: 60_000,
  }
  return { chain, hash, proof, options, headHeight }
}

export type ProofView = ReturnType<ReturnType<typeof tell>['proof']>

/** Verdict on a story, with its options or its proof changed. */
export function judge(
  story: Story = {},
  options: Partial<VerifyEventOptions> = {},
  change?: (proof: ProofView) => void,
) {
  const told = tell(story)
  const view = structuredClone(told.proof())
  change?.(view)
  return verifyEvent(parseEventProof(view), { ...told.options, ...options })
}
