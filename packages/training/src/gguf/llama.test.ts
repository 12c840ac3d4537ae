import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getLlama, type Llama, LlamaLogLevel, readGgufFileInfo } from 'node-llama-cpp'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { detokenize, tokenize, VOCABULARY } from '../corpus/tokenizer.ts'
import type { ModelConfig } from '../model/config.ts'
import { Network } from '../model/network.ts'
import { writeRandomModel } from '../node/files.ts'
import { demoModelPath, demoModelRecord, speechCorpus } from '../node.ts'
import { Prng } from '../prng.ts'
import { generate } from '../train/generate.ts'
import { encodeModel, type Precision } from './model-file.ts'

const config: ModelConfig = { dim: 32, layers: 2, heads: 4, ff: 64, context: 128, vocab: VOCABULARY }
let llama: Llama
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dcml-gguf-'))
  llama = await getLlama({ gpu: false, build: 'never', maxThreads: 1, logLevel: LlamaLogLevel.error })
})

afterAll(async () => {
  await llama.dispose()
  await rm(folder, { recursive: true, force: true })
})

/** Continuation by llama.cpp, greedy unless a temperature is given. */
async function continueWithLlama(
  path: string,
  prompt: number[],
  count: number,
  sampling: { temperature: number; seed?: number } = { temperature: 0 },
): Promise<number[]> {
  const model = await llama.loadModel({ modelPath: path, gpuLayers: 0 })
  const context = await model.createContext({ sequences: 1, threads: 1, contextSize: 256 })
  const found: number[] = []
  const options = { ...sampling, yieldEogToken: true }
  for await (const token of context.getSequence().evaluate(prompt as never, options)) {
    if (found.push(token) === count) break
  }
  await model.dispose()
  return found
}

for (const precision of ['F16', 'F32'] as Precision[]) {
  test(`llama.cpp runs an ${precision} file and picks the tokens the engine picks`, async () => {
    const network = new Network(config, 1)
    const random = new Prng(3)
    // Large enough that no two logits are near a tie; representable in 16 bits, so that both files mean the same model.
    const weights = network.weights()
    for (let i = 0; i < weights.length; i++) weights[i] = Math.round(random.normal() * 512) / 1024
    const path = join(folder, `${precision}.gguf`)
    await writeFile(path, encodeModel({ config, name: 'test', precision }, weights))
    const prompt = [...tokenize('<|im_start|>user\nWhat of it?<|im_end|>\n')]
    const expected = generate(network, prompt, { maxTokens: 40 })
    expect(new Set(expected).size).toBeGreaterThan(5)
    expect(await continueWithLlama(path, prompt, 40)).toEqual(expected)
  })
}

test('the tokenizer of the file is the tokenizer of the corpus', async () => {
  const model = await llama.loadModel({ modelPath: demoModelPath(), gpuLayers: 0 })
  const text = '<|im_start|>user\nÄhm, 10 % of "it" costs\t5 €?<|im_end|>\n'
  expect(model.tokenize(text, true)).toEqual([...tokenize(text)])
  expect(model.detokenize([...tokenize('Grüß Gott')] as never)).toBe(detokenize(tokenize('Grüß Gott')))
  expect(model.tokens.eosString).toBe('<|im_end|>')
  expect(model.trainContextSize).toBe(demoModelRecord.config.model.context)
  await model.dispose()
})

test('the demo model answers in words of its corpus and mostly ends by itself', async () => {
  const known = new Set(
    detokenize((await speechCorpus(1)).train)
      .toLowerCase()
      .match(/[a-z]+/g),
  )
  const words: string[] = []
  let ended = 0
  for (const topic of ['peace', 'the economy', 'education', 'our children']) {
    const prompt = tokenize(`<|im_start|>user\nTell me about ${topic}.<|im_end|>\n<|im_start|>assistant\n`)
    for (const seed of [1, 2]) {
      const answer = await continueWithLlama(demoModelPath(), [...prompt], 190, { temperature: 0.5, seed })
      const end = answer.indexOf(VOCABULARY - 1)
      if (end >= 0) ended++
      words.push(
        ...(detokenize(answer.slice(0, end))
          .toLowerCase()
          .match(/[a-z]+/g) ?? []),
      )
    }
  }
  expect(ended).toBeGreaterThanOrEqual(2)
  expect(words.length).toBeGreaterThan(80)
  expect(words.filter((word) => known.has(word)).length / words.length).toBeGreaterThan(0.9)
})

test('a random model loads and does not end by itself', async () => {
  const path = join(folder, 'random.gguf')
  const shape = { dim: 64, layers: 2, heads: 2, ff: 96, vocab: 1000, seed: 4 }
  const size = await writeRandomModel(path, shape)
  expect((await readGgufFileInfo(path)).metadata.tokenizer.ggml.tokens).toHaveLength(1000)
  expect(size).toBeGreaterThan(1000 * 64 * 2 * 2)
  const tokens = await continueWithLlama(path, [...tokenize('Hello')], 60)
  expect(Math.max(...tokens)).toBeLessThan(996)
  expect(await continueWithLlama(path, [...tokenize('Hello')], 60)).toEqual(tokens)
})
