// What ../vectors holds: a made-up chain's answers, right and wrong, in the form of the public light client vectors.
import { formatTrustRoot, parseEventProof, verifyEvent } from '../src/index.ts'
import { MadeUpChain, producer, producerView } from './made-up-chain.ts'
import { eventLog, tell } from './story.ts'

type View = Record<string, unknown>

function item(description: string, error: string | null, params: object) {
  return { description, expected: { is_valid: error === null, error }, params }
}

export function blockVectors(): object[] {
  const chain = new MadeUpChain().produceTo(20)
  const lazy = new MadeUpChain({ absent: (_, account) => account < 'pool2.near' }).produceTo(20)
  const step = (from: number, to: number, change: View = {}, of = chain) => ({
    previous_block: headOf(of.lightClientBlock(from)),
    current_bps: of.producersOf(to).map(producerView),
    new_block: { ...of.lightClientBlock(to), ...change },
  })
  const view = chain.lightClientBlock(11)
  const [first, ...others] = view.approvals_after_next
  return [
    item('next epoch', null, step(7, 11)),
    item('same epoch, next_bps left out', null, step(11, 13, { next_bps: null })),
    item('one producer absent', null, step(7, 11, { approvals_after_next: [null, ...others] })),
    item('not above the head', 'block_height', step(11, 11)),
    item('an epoch left out', 'block_epoch', step(3, 11)),
    item('next_bps left out at the start of an epoch', 'block_next_producers', step(7, 11, { next_bps: null })),
    item(
      'producers added',
      'block_next_producers',
      step(7, 11, { next_bps: [producerView(producer('mallory.near'))] }),
    ),
    item(
      'another outcome root',
      'block_approvals',
      step(7, 11, { inner_lite: { ...view.inner_lite, outcome_root: view.prev_block_hash } }),
    ),
    item(
      'approvals of another block',
      'block_approvals',
      step(7, 11, { approvals_after_next: chain.lightClientBlock(12).approvals_after_next }),
    ),
    item(
      'one approval twice',
      'block_approvals',
      step(7, 11, { approvals_after_next: [first, first, ...others.slice(1)] }),
    ),
    item('half of the stake', 'block_stake', step(7, 11, {}, lazy)),
    item(
      'a timestamp that a reader of JSON has rounded',
      'block_approvals',
      step(7, 11, { inner_lite: { ...view.inner_lite, timestamp_nanosec: undefined } }),
    ),
  ]
}

const headOf = ({ prev_block_hash, inner_rest_hash, inner_lite }: ReturnType<MadeUpChain['lightClientBlock']>) => ({
  prev_block_hash,
  inner_rest_hash,
  inner_lite,
})

export function executionVectors(): object[] {
  const { chain, proof, headHeight } = tell()
  const [transaction, receipt] = proof().outcomes as unknown as [View, View]
  const root = chain.headers[headHeight]!.innerLite.blockMerkleRoot
  const outcome = receipt.outcome_proof as View
  const changed = (change: View) => ({ ...receipt, outcome_proof: { ...outcome, ...change } })
  const inOutcome = (change: View) => changed({ outcome: { ...(outcome.outcome as View), ...change } })
  const judged = (proof: object, block_merkle_root = root) => ({ proof, block_merkle_root })
  return [
    item('a transaction that became a receipt', null, judged(transaction)),
    item('a receipt with a log', null, judged(receipt)),
    item('other metadata, which nothing hashes', null, judged(inOutcome({ metadata: { version: 3 } }))),
    item('another log', 'proof_outcome_root', judged(inOutcome({ logs: [eventLog({ data: { amount: '9999' } })] }))),
    item('another result', 'proof_outcome_root', judged(inOutcome({ status: { SuccessValue: 'MQ==' } }))),
    item('another id', 'proof_outcome_root', judged(changed({ id: root }))),
    item('another block named', 'proof_outcome_block', judged(changed({ block_hash: root }))),
    item('another head', 'proof_block_root', judged(receipt, chain.headers[headHeight - 1]!.innerLite.blockMerkleRoot)),
    item(
      'an amount that a reader of JSON has rounded',
      'near_proof_invalid',
      judged(inOutcome({ tokens_burnt: 1e21 })),
    ),
  ]
}

/** An event, everything it takes to verify it from a trust root, and what it proves. */
export function eventVector(): object {
  const { chain, proof, options } = tell()
  const { state: _, now, ...asked } = options
  const verdict = verifyEvent(parseEventProof(proof()), options)
  if (!verdict.ok) throw verdict.error
  const { event, call, transactionHash, receiptId, block } = verdict
  return {
    trustRoot: JSON.parse(formatTrustRoot(chain.trust(4))),
    blocks: [9, 14, 19, 24].map((height) => chain.lightClientBlock(height)),
    options: { ...asked, now: now.toISOString() },
    proof: proof(),
    proves: {
      event,
      transactionHash,
      receiptId,
      signerId: call.signerId,
      methodName: call.methodName,
      deposit: String(call.deposit),
      block: { ...block, timestamp: String(block.timestamp) },
    },
  }
}

/** Content of ../vectors by file name. */
export const madeUpVectors = (): Record<string, unknown> => ({
  'blocks.json': blockVectors(),
  'executions.json': executionVectors(),
  'event.json': eventVector(),
})
