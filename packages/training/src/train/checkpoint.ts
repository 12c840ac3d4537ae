import { concatBytes, DcmlError, equalBytes, utf8 } from '@dcml/protocol'
import { sha256 } from '@noble/hashes/sha2.js'
import * as v from 'valibot'
import type { Corpus } from '../corpus/corpus.ts'
import { parameterCount } from '../model/parameters.ts'
import { parseTrainingConfig, type TrainingConfig } from './config.ts'
import type { TrainerState } from './trainer.ts'

/** A saved run: `"DCMT" 0x01 | u32 header length | header JSON | weights | mean | variance | SHA-256 of it all`. */
export interface Checkpoint {
  config: TrainingConfig
  /** Planned length of the run. */
  steps: number
  /** The corpus the run reads. */
  tokensH: Corpus['tokensH']
  state: TrainerState
}

const MAGIC = Uint8Array.of(0x44, 0x43, 0x4d, 0x54, 1)
const DIGEST = 32

const count = v.pipe(v.number(), v.integer(), v.minValue(0))
const headerSchema = v.strictObject({
  config: v.unknown(),
  steps: count,
  tokensH: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
  step: count,
  cursor: count,
})

export function encodeCheckpoint({ config, steps, tokensH, state }: Checkpoint): Uint8Array {
  const header = utf8(JSON.stringify({ config, steps, tokensH, step: state.step, cursor: state.cursor }))
  const length = new Uint8Array(4)
  new DataView(length.buffer).setUint32(0, header.length, true)
  const arrays = [state.weights, state.mean, state.variance].map((array) => new Uint8Array(array.buffer))
  const body = concatBytes(MAGIC, length, header, ...arrays)
  return concatBytes(body, sha256(body))
}

/** @throws DcmlError `checkpoint_invalid` when the bytes are not a whole checkpoint */
export function decodeCheckpoint(bytes: Uint8Array): Checkpoint {
  const body = bytes.subarray(0, -DIGEST)
  const magic = bytes.subarray(0, MAGIC.length)
  if (bytes.length < MAGIC.length + 4 + DIGEST || !equalBytes(magic, MAGIC)) throw invalid('it has no DCMT header')
  if (!equalBytes(sha256(body), bytes.subarray(-DIGEST))) throw invalid('it is cut short or changed')
  const start = MAGIC.length + 4
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength)
  const dataStart = start + view.getUint32(MAGIC.length, true)
  const header = v.safeParse(headerSchema, parseJson(body.subarray(start, dataStart)))
  if (!header.success) throw invalid('its header has another form')
  const { steps, tokensH, step, cursor } = header.output
  const config = parseTrainingConfig(header.output.config)
  const weights = parameterCount(config.model)
  if (body.length !== dataStart + 3 * 4 * weights) throw invalid('its size does not fit its model')
  // Copied, so that they are aligned; `slice` would not copy a Buffer.
  const array = (index: number): Float32Array<ArrayBuffer> => {
    const start = dataStart + index * 4 * weights
    return new Float32Array(new Uint8Array(body.subarray(start, start + 4 * weights)).buffer)
  }
  const state = { step, cursor, weights: array(0), mean: array(1), variance: array(2) }
  return { config, steps, tokensH, state }
}

/**
 * Refuses to go on with another corpus or config, or with a plan under which the steps already done would have been
 * done at other learning rates. Lengthening a run before its learning rate falls is fine.
 * @throws DcmlError `resume_mismatch`
 */
export function checkResume(saved: Checkpoint, plan: Omit<Checkpoint, 'state'>): void {
  if (saved.tokensH !== plan.tokensH) throw mismatch('the corpus is another')
  const rest = ({ decay: _, ...config }: TrainingConfig) => JSON.stringify(config)
  if (rest(saved.config) !== rest(plan.config)) throw mismatch('the config is another')
  const samePlan = saved.steps === plan.steps && saved.config.decay === plan.config.decay
  const plateau = Math.min(saved.steps - saved.config.decay, plan.steps - plan.config.decay)
  if (!samePlan && saved.state.step > plateau) throw mismatch('its learning rate has begun to fall for another end')
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes))
  } catch {
    return undefined
  }
}

const invalid = (why: string): DcmlError =>
  new DcmlError('checkpoint_invalid', `This is not a training checkpoint: ${why}`, {
    hint: 'Resume from another checkpoint, or start the run again.',
  })

const mismatch = (why: string): DcmlError =>
  new DcmlError('resume_mismatch', `The checkpoint belongs to another run: ${why}`, {
    hint: 'Resume with the same corpus, config and steps, or start in another folder.',
  })
