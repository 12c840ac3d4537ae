// Blocks and proofs of mainnet and testnet, and every change of one place in them.
import { isDeepStrictEqual } from 'node:util'
import { DcmlError } from '@dcml/protocol'
import { describe, expect, test } from 'vitest'
import { findVector } from '../../../test/vectors.ts'
import {
  advance,
  blockHash,
  climb,
  type ExecutionProof,
  type LightClientBlock,
  type LightClientState,
  parseExactJson,
  parseExecutionProof,
  parseHeader,
  parseLightClientBlock,
  parseProducers,
  verifyExecution,
} from '../src/index.ts'
import { tamper } from './tamper.ts'

const blocks = findVector('near/lightclient/blocks-mainnet.json')
const executions = findVector('near/lightclient/executions-mainnet.json')
const testnet = findVector('near/lightclient/execution-testnet.json')

interface Step {
  readonly description: string
  readonly expected: { readonly is_valid: boolean }
  readonly params: {
    readonly previous_block: unknown
    readonly current_bps: unknown
    readonly new_block: { readonly approvals_after_next: readonly (string | null)[] }
  }
}

/** What the file gives as trusted; its producers are of the new block's epoch, whichever that is. */
function stateOf({ previous_block, current_bps }: Step['params']): LightClientState {
  const head = parseHeader(previous_block)
  const producers = parseProducers(current_bps)
  return { head, headHash: blockHash(head), producers, nextProducers: producers }
}

/** `accepted`, or the code of the failed check or of what could not be read. */
async function judgeStep({ params }: Step, known: { state?: LightClientState; block?: LightClientBlock } = {}) {
  try {
    const verdict = await advance(
      known.state ?? stateOf(params),
      known.block ?? parseLightClientBlock(params.new_block),
    )
    return verdict.ok ? 'accepted' : verdict.error.code
  } catch (error) {
    return DcmlError.isInstance(error) ? error.code : `not a DcmlError: ${error}`
  }
}

describe.skipIf(blocks === undefined)('mainnet blocks', () => {
  const steps = parseExactJson(blocks ?? '[]') as Step[]

  test('both steps hold, and the second goes on from where the first came to', async () => {
    expect(steps).toHaveLength(2)
    let state = stateOf(steps[0]!.params)
    for (const step of steps) {
      expect(step.expected.is_valid).toBe(true)
      expect(await judgeStep(step)).toBe('accepted')
      const verdict = await advance(state, parseLightClientBlock(step.params.new_block))
      if (!verdict.ok) throw verdict.error
      state = verdict.state
    }
  })

  /** Where a change may stay unseen: what the file gives as trusted, and what no hash covers. */
  const unhashed = [
    'description',
    'expected',
    'expected.is_valid',
    'params.new_block.inner_lite.timestamp',
    'params.previous_block.inner_lite.block_merkle_root',
    'params.previous_block.inner_lite.epoch_id',
    'params.previous_block.inner_lite.height',
    'params.previous_block.inner_lite.outcome_root',
    'params.previous_block.inner_lite.prev_state_root',
    'params.previous_block.inner_lite.timestamp',
    'params.previous_block.inner_lite.timestamp_nanosec',
    'params.previous_block.inner_rest_hash',
    'params.previous_block.prev_block_hash',
  ]

  /** The link that must break; what can no longer be read names its field instead. */
  function brokenLink(path: string): string[] {
    const format = ['near_block_invalid', 'near_header_invalid', 'near_producers_invalid']
    if (/^params\.\w+$/.test(path)) return format
    if (path.startsWith('params.current_bps') || path.endsWith('previous_block.inner_lite.next_bp_hash'))
      return [...format, 'block_producers']
    if (path.includes('new_block.next_bps') || path.endsWith('new_block.inner_lite.next_bp_hash'))
      return [...format, 'block_next_producers']
    if (path.endsWith('.inner_lite.epoch_id') || path.endsWith('previous_block.inner_lite.next_epoch_id'))
      return [...format, 'block_epoch']
    return [...format, 'block_approvals']
  }

  test.each([0, 1])('step %i: every change is refused at its link, outside of what no hash covers', async (n) => {
    const step = steps[n]!
    const instead = step.params.new_block.approvals_after_next.find((approval) => approval !== null)!
    const state = stateOf(step.params)
    const block = parseLightClientBlock(step.params.new_block)
    const accepted = new Set<string>()
    for (const { path, json } of tamper(step, { positions: (length, leaf) => [(leaf * 7) % length], instead })) {
      if (path === 'params') continue // nothing is left to judge
      const code = await judgeStep(json as Step, path.startsWith('params.new_block') ? { state } : { block })
      if (code === 'accepted') accepted.add(path)
      else expect(brokenLink(path), path).toContain(code)
    }
    const tail = n === 1 ? ['params.new_block.approvals_after_next.*'] : []
    expect([...accepted].sort()).toEqual([...unhashed, ...tail].sort())
  })

  test('of the approvals only those after the last producer do not count', async () => {
    const { new_block: block, ...params } = steps[1]!.params
    const { approvals_after_next: approvals } = block
    const changed = (i: number) => ({
      ...params,
      new_block: { ...block, approvals_after_next: approvals.with(i, approvals[0]!) },
    })
    const judged = await Promise.all([98, 99, 100, 101].map((i) => judgeStep({ ...steps[1]!, params: changed(i) })))
    expect(approvals).toHaveLength(102)
    expect(judged).toEqual(['block_approvals', 'accepted', 'accepted', 'accepted'])
  })
})

interface ExecutionItem {
  readonly proof: object
  readonly root: string
}

function judgeExecution({ proof, root }: ExecutionItem): string {
  try {
    const verdict = verifyExecution(parseExecutionProof(proof), { blockMerkleRoot: root })
    return verdict.ok ? 'accepted' : verdict.error.code
  } catch (error) {
    return DcmlError.isInstance(error) ? error.code : `not a DcmlError: ${error}`
  }
}

describe.skipIf(executions === undefined || testnet === undefined)('execution proofs', () => {
  const mainnet = parseExactJson(executions ?? '[]') as { params: { proof: object; block_merkle_root: string } }[]
  const items: ExecutionItem[] = [
    { proof: parseExactJson(testnet ?? '{}') as object, root: 'WWrLWbWHwSmjtTn5oBZPYgRCuCYn6fkYVa4yhPWNK4L' },
    ...mainnet.map(({ params }) => ({ proof: params.proof, root: params.block_merkle_root })),
  ]

  test('all three hold, with what they prove', () => {
    expect(items.map(judgeExecution)).toEqual(['accepted', 'accepted', 'accepted'])
    const proof = parseExecutionProof(items[0]!.proof)
    const { header, outcome } = proof
    expect(climb(blockHash(header), proof.blockPath)).toBe(items[0]!.root)
    expect(header.innerLite).toMatchObject({ height: 141429413, timestamp: 1697116223277387356n })
    expect(outcome).toMatchObject({ executorId: 'cdk.topgunbakugo.testnet', logs: ['submitting 1 blobs'] })
    expect(outcome.tokensBurnt).toBe(1218296097907900000000n)
  })

  const timestamp = 'changed block_header_lite.inner_lite.timestamp'
  const timestampLeftOut = 'left out block_header_lite.inner_lite.timestamp'
  const metadata = 'outcome_proof.outcome.metadata'
  /** Nothing hashed says what a call cost in detail. */
  const profile = ['cost', 'cost_category', 'gas_used'].map((name) => `${metadata}.gas_profile.*.${name}`)

  function brokenLink(path: string): string {
    if (path === 'outcome_proof.block_hash') return 'proof_outcome_block'
    if (path.startsWith('outcome_') || path.endsWith('.outcome_root')) return 'proof_outcome_root'
    if (path.startsWith('block_proof')) return 'proof_block_root'
    return 'proof_outcome_block'
  }

  test.each([
    [
      0,
      [
        ...[metadata, `${metadata}.gas_profile`, `${metadata}.version`].map((path) => `left out ${path}`),
        ...[`${metadata}.version`, ...profile].map((path) => `changed ${path}`),
        ...profile.map((path) => `left out ${path}`),
        timestamp,
        timestampLeftOut,
        'left out block_header_lite.inner_lite.timestamp_nanosec', // the same in `timestamp`, exact in this file
      ],
    ],
    [1, []],
    [2, [timestamp, timestampLeftOut]],
  ])(
    'proof %i: every change of one character is refused at its link, outside of what no hash covers',
    (n, unhashed) => {
      const { proof, root } = items[n]!
      const accepted = new Set<string>()
      const positions = (length: number) => Array.from({ length }, (_, i) => i)
      for (const { path, how, json } of tamper(proof, { positions, instead: 'x' })) {
        const code = judgeExecution({ proof: json as object, root })
        if (code === 'accepted') accepted.add(`${how} ${path}`)
        else expect(['near_proof_invalid', brokenLink(path)], path).toContain(code)
      }
      expect([...accepted].sort()).toEqual([...unhashed].sort())
    },
  )

  test('every byte of the testnet file counts, or changes nothing that is read', () => {
    const { root } = items[0]!
    const bytes = testnet!
    const genuine = parseExecutionProof(items[0]!.proof)
    for (const [i, byte] of bytes.entries()) {
      const changed = bytes.with(i, byte ^ 1)
      let proof: ExecutionProof
      try {
        proof = parseExecutionProof(parseExactJson(changed))
      } catch (error) {
        expect(DcmlError.isInstance(error) && error.code).toMatch(/^(json|near_proof)_invalid$/)
        continue
      }
      if (!isDeepStrictEqual(proof, genuine)) expect(verifyExecution(proof, { blockMerkleRoot: root }).ok).toBe(false)
    }
  })
})
