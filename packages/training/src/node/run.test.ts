import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { chatCorpus } from '../corpus/corpus.ts'
import { DEFAULT_TRAINING, type TrainingConfig } from '../train/config.ts'
import { runTraining, type TrainingRun } from './run.ts'

const model = { dim: 32, layers: 2, heads: 4, ff: 64, context: 64, vocab: 260 }
const config: TrainingConfig = { ...DEFAULT_TRAINING, model, warmup: 4, decay: 6 }
const text = Array.from(
  { length: 300 },
  (_, i) => `Line ${i} tells of the sea, and of the ships that cross it ${i % 7} times a year.`,
)
const corpus = chatCorpus([text.join(' ')], 1, { source: { made: 'here' }, rawH: '00'.repeat(32) })
let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dcml-train-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const train = (out: string, change: Partial<TrainingRun> = {}) =>
  runTraining({ corpus, config, steps: 20, out: join(folder, out), ...change })

/** Stops a run after so many steps. */
function stopAfter(steps: number): Pick<TrainingRun, 'signal' | 'onProgress'> {
  const controller = new AbortController()
  return {
    signal: controller.signal,
    onProgress: ({ step }) => {
      if (step === steps) controller.abort()
    },
  }
}

/** Of the file that the first test makes; it changes only when the arithmetic, the corpus or the format does. */
const KNOWN = '3688b379cd4e625d6a6ff17b37b3f2dbaef92c07027d6e7ca3065b14d121fdd1'

test('the same run gives the same bytes on every machine', async () => {
  const record = await train('a')
  const file = await readFile(join(folder, 'a', 'model.gguf'))
  expect(createHash('sha256').update(file).digest('hex')).toBe(record.sha256)
  expect(JSON.parse(await readFile(join(folder, 'a', 'record.json'), 'utf8'))).toEqual(record)
  expect(await train('b')).toEqual(record)
  expect(record.sha256).toBe(KNOWN)
})

test('a run interrupted twice ends where the whole run ends', async () => {
  const whole = await train('whole')
  await expect(train('parts', stopAfter(3))).rejects.toThrow(expect.objectContaining({ name: 'AbortError' }))
  await expect(train('parts', { resume: true, ...stopAfter(17) })).rejects.toThrow('aborted')
  const steps: number[] = []
  expect(await train('parts', { resume: true, onProgress: ({ step }) => steps.push(step) })).toEqual(whole)
  expect(steps).toEqual([18, 19, 20])
})

test('a plateau prolonged is the longer run', async () => {
  const whole = await train('whole', { steps: 24 })
  await expect(train('short', stopAfter(14))).rejects.toThrow('aborted')
  expect(await train('short', { steps: 24, resume: true })).toEqual(whole)
})

test('a finished run resumed trains no more', async () => {
  const record = await train('a')
  expect(await train('a', { resume: true, onProgress: () => expect.unreachable() })).toEqual(record)
})

test('a run in the way, another run, and a damaged checkpoint are refused', async () => {
  await expect(train('a', stopAfter(2))).rejects.toThrow('aborted')
  await expect(train('a')).rejects.toThrow(expect.objectContaining({ code: 'run_exists' }))
  const other = { ...config, rate: 1e-3 }
  await expect(train('a', { resume: true, config: other })).rejects.toThrow(
    expect.objectContaining({ code: 'resume_mismatch' }),
  )
  await writeFile(join(folder, 'a', 'checkpoint.dcmt'), 'not a checkpoint')
  await expect(train('a', { resume: true })).rejects.toThrow(expect.objectContaining({ code: 'checkpoint_invalid' }))
})

test('the name of the model is part of its file and of modelH', async () => {
  const [a, b] = [await train('a', { steps: 1 }), await train('b', { steps: 1, name: 'other' })]
  expect(b.file).toBe('other.gguf')
  expect(b.modelH).not.toBe(a.modelH)
})
