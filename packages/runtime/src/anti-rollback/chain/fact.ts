import { type BlockBundle, type Bundle, MAX_BUNDLE_BLOCKS, type Mark } from '@dcml/channels'
import { type LightClientState, parseEventProof, parseLogProof, verifyEvent, verifyLog } from '@dcml/light-client'
import { DcmlError, fromHex } from '@dcml/protocol'
import * as v from 'valibot'
import type { Heads } from '../../payment/heads.ts'

const u64 = v.pipe(
  v.string(),
  v.regex(/^(0|[1-9]\d{0,19})$/),
  v.transform((text) => BigInt(text)),
)
const bytes32 = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/))
const said = v.object({ device_key: bytes32, counter: u64, digest: bytes32, nonce: bytes32 })

/** What the anchor must have said. */
export interface Expected {
  readonly contract: string
  readonly event: 'mark_claimed' | 'mark_advanced'
  readonly deviceKey: string
  /** Of the call: it was made for this one, so no proof of it is older. */
  readonly nonce: string
}

/**
 * The mark that the anchor holds after a call of ours, proven. The nonce makes it fresh, so no clock is asked.
 * @throws DcmlError `rollback_proof_refused` with what is wrong as its cause
 */
export async function provenMark(
  { proof, ...way }: Bundle,
  heads: Heads,
  now: Date,
  expected: Expected,
): Promise<Mark> {
  const { contract, event, deviceKey, nonce } = expected
  try {
    const state = await follow(heads, way)
    const ages = { maxHeadAge: Number.POSITIVE_INFINITY, maxEventAge: 'any' } as const
    const options = { contract, standard: 'dcml_anchor', event, state, now, ...ages }
    const verdict =
      'receipt' in proof ? verifyLog(parseLogProof(proof), options) : verifyEvent(parseEventProof(proof), options)
    if (!verdict.ok) throw verdict.error
    const mark = v.parse(said, verdict.event.data)
    if (mark.device_key !== deviceKey || mark.nonce !== nonce) throw new Error('the event is of another call')
    return { counter: mark.counter, digest: fromHex(mark.digest, 32) }
  } catch (cause) {
    throw new DcmlError('rollback_proof_refused', `The relay brought no proof of ${event}.`, {
      hint: 'Check the relay and the node it asks. What it brings is believed only if it is proven.',
      cause,
    })
  }
}

/** An image may be older than one bundle reaches: one block for each epoch since its root. */
async function follow(heads: Heads, { from, blocks }: BlockBundle): Promise<LightClientState> {
  let state = await heads.follow({ from, blocks: blocks.slice(0, MAX_BUNDLE_BLOCKS) })
  for (let at = MAX_BUNDLE_BLOCKS; at < blocks.length; at += MAX_BUNDLE_BLOCKS)
    state = await heads.follow({ from: state.headHash, blocks: blocks.slice(at, at + MAX_BUNDLE_BLOCKS) })
  return state
}
