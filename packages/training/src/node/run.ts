import { createHash } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { DcmlError, toHex } from '@dcml/protocol'
import { hashModel } from '@dcml/weights/node'
import type { Corpus } from '../corpus/corpus.ts'
import { encodeModel } from '../gguf/model-file.ts'
import { checkResume } from '../train/checkpoint.ts'
import { parseTrainingConfig, type TrainingConfig } from '../train/config.ts'
import type { TrainingRecord } from '../train/record.ts'
import { type StepResult, Trainer } from '../train/trainer.ts'
import { readCheckpoint, replaceFile, writeCheckpoint } from './files.ts'

/** Batches of validation text behind `validationLoss`. */
const VALIDATION_BATCHES = 64

export interface TrainingRun {
  corpus: Corpus
  config: TrainingConfig
  /** Length of the run in steps. */
  steps: number
  /** Folder for `<name>.gguf`, `record.json` and `checkpoint.dcmt`; made if missing. */
  out: string
  /** Name of the model and of its file, which is part of modelH. Default `model`. */
  name?: string
  /** Go on from the folder's checkpoint if there is one. Without it a checkpoint in the way is an error. */
  resume?: boolean
  /** Steps between checkpoints. Default 200. */
  checkpointEvery?: number
  /** Stops after the step at work, saves a checkpoint, and rejects with the signal's reason. */
  signal?: AbortSignal
  onProgress?: (progress: StepResult & { steps: number }) => void
}

/**
 * Trains a model and writes it as F16 GGUF with its record. The same corpus, config and steps give the same bytes,
 * hence the same modelH, whether or not the run was interrupted and resumed.
 * @throws DcmlError `config_invalid`, `corpus_too_small`, `model_too_large`, `run_exists`, `resume_mismatch`,
 * `checkpoint_invalid`, `training_diverged`
 */
export async function runTraining(run: TrainingRun): Promise<TrainingRecord> {
  const { corpus, steps, out, name = 'model', checkpointEvery = 200, signal, onProgress } = run
  const config = parseTrainingConfig(run.config)
  const { tokensH } = corpus
  const checkpointPath = join(out, 'checkpoint.dcmt')
  await mkdir(out, { recursive: true })
  const trainer = new Trainer(config, corpus)
  const saved = await readCheckpoint(checkpointPath)
  if (saved && !run.resume) {
    throw new DcmlError('run_exists', `There is already a run in ${out}`, {
      hint: 'Resume it, or choose another folder.',
      details: { step: saved.state.step },
    })
  }
  if (saved) {
    checkResume(saved, { config, steps, tokensH })
    trainer.restore(saved.state)
  }
  const save = () => writeCheckpoint(checkpointPath, { config, steps, tokensH, state: trainer.save() })
  while (trainer.step < steps) {
    // Lets signals and timers through: a step holds the thread.
    await setImmediate()
    if (signal?.aborted) {
      await save()
      throw signal.reason
    }
    const result = trainer.advance(steps)
    onProgress?.({ ...result, steps })
    if (trainer.step % checkpointEvery === 0 || trainer.step === steps) await save()
  }
  return writeModel(trainer, run, { config, steps, name })
}

async function writeModel(
  trainer: Trainer,
  { corpus, out }: TrainingRun,
  { config, steps, name }: { config: TrainingConfig; steps: number; name: string },
): Promise<TrainingRecord> {
  const file = `${name}.gguf`
  const bytes = encodeModel({ config: config.model, name, precision: 'F16' }, trainer.network.weights())
  await replaceFile(join(out, file), bytes)
  const { modelH } = await hashModel(join(out, file))
  const record: TrainingRecord = {
    version: 1,
    file,
    size: bytes.length,
    modelH: toHex(modelH),
    sha256: createHash('sha256').update(bytes).digest('hex'),
    corpus: corpus.source,
    rawH: corpus.rawH,
    tokensH: corpus.tokensH,
    config,
    steps,
    parameters: trainer.network.count,
    validationLoss: trainer.evaluate(VALIDATION_BATCHES),
  }
  await replaceFile(join(out, 'record.json'), `${JSON.stringify(record, null, 2)}\n`)
  return record
}
