import { randomInt } from 'node:crypto'
import type { LlamaContextSequence, LlamaGrammarEvaluationState, LlamaModel, Token } from 'node-llama-cpp'
import type { SamplingOptions, TokenLogprob } from '../engine.ts'

interface Sampled {
  readonly token: Token
  readonly logprob?: TokenLogprob
}

/** Decodes tokens and chooses the next one. */
export type Sampler = (sequence: LlamaContextSequence, tokens: readonly Token[]) => Promise<Sampled>

/** OpenAI's defaults, written out because node-llama-cpp's own are top 40 and 0.95. */
const settings = ({ temperature = 1, topP = 1 }: SamplingOptions) => ({ temperature, topP, topK: 0, minP: 0 })

const seedOf = ({ seed }: SamplingOptions): number => (seed === undefined ? randomInt(2 ** 32) : seed)

/**
 * Draws each token with a seed made of the request's seed and the token's position. The choice then depends on nothing
 * else: not on whether log probabilities were asked for, nor on what other sequences do.
 */
export function freeSampler(model: LlamaModel, request: SamplingOptions): Sampler {
  const seed = seedOf(request)
  const { topLogprobs } = request
  const logits = topLogprobs !== undefined && {
    filter: { tokens: [], includeSelected: true, includeMax: true, includeTop: topLogprobs },
  }
  let position = 0
  return async (sequence, tokens) => {
    const options = { ...settings(request), seed: mix(seed, position++) }
    const generateNext = { token: true, logits, totalLogitWeight: topLogprobs !== undefined, options }
    const outputs = await sequence.controlledEvaluate([...tokens.slice(0, -1), [tokens.at(-1)!, { generateNext }]])
    const next = outputs.at(-1)?.next
    if (next?.token == null) throw new Error('llama.cpp sampled no token')
    const { token } = next
    if (topLogprobs === undefined || !next.logits || !next.totalLogitWeight) return { token }
    return { token, logprob: logprobOf(model, token, next.logits, next.totalLogitWeight, topLogprobs) }
  }
}

/** Draws tokens that a grammar allows. The grammar's state lives in llama.cpp's own loop, which draws from one seed. */
export function grammarSampler(request: SamplingOptions, grammarEvaluationState: LlamaGrammarEvaluationState): Sampler {
  let loop: AsyncGenerator<Token, void> | undefined
  return async (sequence, tokens) => {
    loop ??= sequence.evaluate([...tokens], {
      ...settings(request),
      seed: mix(seedOf(request), 0),
      grammarEvaluationState,
      yieldEogToken: true,
    })
    const { value } = await loop.next()
    if (value === undefined) throw new Error('llama.cpp sampled no token')
    return { token: value }
  }
}

/** MurmurHash3's finaliser over both numbers: neighbouring seeds and positions share no draws. */
function mix(seed: number, position: number): number {
  let h = (seed ^ Math.imul(position + 1, 0x9e3779b1)) >>> 0
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

/** `weight` is the sum of exp(logit - max) over the vocabulary, before temperature and top-p, as OpenAI reports it. */
function logprobOf(
  model: LlamaModel,
  token: Token,
  logits: Map<Token, number>,
  weight: number,
  alternatives: number,
): TokenLogprob {
  const max = Math.max(...logits.values())
  const entry = (token: Token, logit: number) => {
    const text = model.detokenize([token], true)
    // A token that is part of a character has no text of its own; its bytes are out of reach.
    const bytes = text.includes('\uFFFD') ? null : [...new TextEncoder().encode(text)]
    return { token: text, logprob: Math.min(0, logit - max - Math.log(weight)), bytes }
  }
  const best = [...logits].sort(([, a], [, b]) => b - a).slice(0, alternatives)
  return { ...entry(token, logits.get(token)!), top_logprobs: best.map(([token, logit]) => entry(token, logit)) }
}
