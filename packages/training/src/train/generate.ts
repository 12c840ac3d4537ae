import type { Network } from '../model/network.ts'
import { Prng } from '../prng.ts'

/** How to continue a text. */
export interface GenerateOptions {
  /** Most tokens to add. */
  maxTokens: number
  /** Ends the text; not part of the result. */
  stop?: number
  /** 0 (default) always takes the likeliest token. */
  temperature?: number
  seed?: number
}

/** Continues a prompt, at most to the model's context. Recomputes the whole text per token: for checks and samples. */
export function generate(network: Network, prompt: ArrayLike<number>, options: GenerateOptions): number[] {
  const { maxTokens, stop, temperature = 0, seed = 1 } = options
  const { context, vocab } = network.config
  const random = new Prng(seed)
  const ids = new Uint32Array(context)
  ids.set(prompt)
  const added: number[] = []
  for (let end = prompt.length; added.length < maxTokens && end < context; end++) {
    const length = Math.ceil(end / 8) * 8
    const logits = network.forward(ids.subarray(0, length), length).subarray((end - 1) * vocab, end * vocab)
    const token = temperature === 0 ? argmax(logits) : draw(logits, temperature, random.uniform())
    if (token === stop) break
    ids[end] = token
    added.push(token)
  }
  return added
}

function argmax(logits: Float32Array): number {
  let best = 0
  for (let i = 1; i < logits.length; i++) if (logits[i]! > logits[best]!) best = i
  return best
}

function draw(logits: Float32Array, temperature: number, uniform: number): number {
  const top = logits[argmax(logits)]!
  const shares = Array.from(logits, (logit) => Math.exp((logit - top) / temperature))
  let rest = uniform * shares.reduce((sum, share) => sum + share, 0)
  for (const [token, share] of shares.entries()) {
    rest -= share
    if (rest < 0) return token
  }
  return argmax(logits)
}
