// What `dcml light-client check` reads: items of the public light client test vectors, and answers of RPC.
import {
  advance,
  blockHash,
  type Check,
  climb,
  parseExecutionProof,
  parseHeader,
  parseLightClientBlock,
  parseProducers,
  verifyExecution,
} from '@dcml/light-client'
import { DcmlError } from '@dcml/protocol'

/** What one item turned out to be worth. */
export interface Judged {
  readonly kind: 'block_step' | 'execution_proof' | 'unknown'
  readonly description?: string
  readonly ok: boolean
  /** `valid`; `unanchored` for a proof that no head was given for; or the code of what refused it. */
  readonly verdict: string
  readonly reason: string
  /** What the file says it should be, where it does. */
  readonly expected?: boolean
  readonly checks: readonly Check[]
  /** Hash of the block a valid step leads to. */
  readonly blockHash?: string
  /** Block root that a proof leads to; a head with this root makes it hold. */
  readonly blockMerkleRoot?: string
}

interface Fields {
  readonly [name: string]: unknown
}
const fields = (value: unknown): Fields => (typeof value === 'object' && value !== null ? (value as Fields) : {})

/**
 * Judges one item: a step (`params.previous_block`, `current_bps`, `new_block`), an execution proof (`params.proof`,
 * `block_merkle_root`), or a result of EXPERIMENTAL_light_client_proof as it came.
 * @param root block root of a trusted head, for proofs that bring none
 */
export async function judgeItem(item: unknown, root: string | undefined): Promise<Judged> {
  const { description, expected, params, outcome_proof: outcomeProof } = fields(item)
  const { new_block: newBlock, proof, block_merkle_root: ownRoot } = fields(params)
  const { is_valid: isValid } = fields(expected)
  const said = {
    ...(typeof description === 'string' && { description }),
    ...(typeof isValid === 'boolean' && { expected: isValid }),
  }
  if (newBlock !== undefined) return { kind: 'block_step', ...said, ...(await judgeStep(fields(params))) }
  if (proof !== undefined) return { kind: 'execution_proof', ...said, ...judgeProof(proof, String(ownRoot)) }
  if (outcomeProof !== undefined) return { kind: 'execution_proof', ...said, ...judgeProof(item, root) }
  return {
    kind: 'unknown',
    ...said,
    ...refused(
      new DcmlError('near_item_unknown', 'The item is neither a block step nor an execution proof.', {
        hint: 'It needs params.new_block, params.proof or outcome_proof.',
      }),
    ),
  }
}

type Outcome = Omit<Judged, 'kind' | 'description' | 'expected'>

async function judgeStep({ previous_block, current_bps, new_block }: Fields): Promise<Outcome> {
  try {
    const head = parseHeader(previous_block)
    const producers = parseProducers(current_bps) // of the new block's epoch, whichever of the two that is
    const state = { head, headHash: blockHash(head), producers, nextProducers: producers }
    const verdict = await advance(state, parseLightClientBlock(new_block))
    if (!verdict.ok) return refused(verdict.error, verdict.checks)
    const { state: next, checks } = verdict
    return {
      ...valid(`block ${next.head.innerLite.height} follows from the trusted one`, checks),
      blockHash: next.headHash,
    }
  } catch (error) {
    return refused(error)
  }
}

function judgeProof(json: unknown, root: string | undefined): Outcome {
  try {
    const proof = parseExecutionProof(json)
    const blockMerkleRoot = climb(blockHash(proof.header), proof.blockPath)
    const verdict = verifyExecution(proof, { blockMerkleRoot: root ?? blockMerkleRoot })
    if (!verdict.ok) return refused(verdict.error, verdict.checks)
    const { height } = verdict.block
    if (root !== undefined)
      return { ...valid(`executed before block ${height}, below the given head`, verdict.checks), blockMerkleRoot }
    const why = `not compared: no head was given, the proof leads to ${blockMerkleRoot}`
    const checks = verdict.checks.map((check) =>
      check.name === 'block_root' ? { name: check.name, status: 'skipped' as const, why } : check,
    )
    const reason = `executed before block ${height}, if a trusted head has the block root ${blockMerkleRoot}`
    return { ok: true, verdict: 'unanchored', reason, checks, blockMerkleRoot }
  } catch (error) {
    return refused(error)
  }
}

const valid = (reason: string, checks: readonly Check[]): Outcome => ({ ok: true, verdict: 'valid', reason, checks })

function refused(error: unknown, checks: readonly Check[] = []): Outcome {
  if (!DcmlError.isInstance(error)) throw error
  return { ok: false, verdict: error.code, reason: error.message, checks }
}
