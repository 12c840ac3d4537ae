import type { EngineEvent, TokenLogprob } from './engine.ts'

type Delta = Extract<EngineEvent, { type: 'delta' }>

/**
 * Turns pieces of generated text into deltas that never contain part of a stop string, even one that spans tokens.
 * Among several stop strings the one that is complete first wins, so the result does not depend on how the text is cut
 * into pieces.
 */
export class DeltaWriter {
  readonly #stops: readonly string[]
  /** Text that may turn out to be the beginning of a stop string. */
  #held = ''
  #received = 0
  #sent = 0
  /** Log probabilities of tokens whose text has not been sent, with the offset at which that text ends. */
  #logprobs: { end: number; logprob: TokenLogprob }[] = []
  /** True once a stop string was met; the caller generates no further. */
  stopped = false

  constructor(stops: readonly string[]) {
    this.#stops = stops.filter((stop) => stop !== '')
  }

  /** Adds one token's text, which may be empty, and returns what may be sent now. */
  push(text: string, completionTokens: number, logprob?: TokenLogprob): Delta | undefined {
    this.#received += text.length
    if (logprob !== undefined) this.#logprobs.push({ end: this.#received, logprob })
    this.#held += text
    const stop = firstComplete(this.#held, this.#stops)
    if (stop !== undefined) {
      this.stopped = true
      return this.#send(stop, completionTokens)
    }
    return this.#send(this.#held.length - possibleStop(this.#held, this.#stops), completionTokens)
  }

  /** Returns what was held back, once generation ended without a stop string. */
  flush(completionTokens: number): Delta | undefined {
    return this.stopped ? undefined : this.#send(this.#held.length, completionTokens, true)
  }

  #send(length: number, completionTokens: number, last = false): Delta | undefined {
    if (length === 0 && !(last && this.#logprobs.length > 0)) return undefined
    const text = this.#held.slice(0, length)
    this.#held = this.#held.slice(length)
    this.#sent += length
    const pending = this.#logprobs.findIndex(({ end }) => end > this.#sent)
    const ready = this.#logprobs.splice(0, pending < 0 ? this.#logprobs.length : pending)
    return {
      type: 'delta',
      text,
      ...(ready.length > 0 && { logprobs: ready.map(({ logprob }) => logprob) }),
      completionTokens,
    }
  }
}

/** Start of the stop string that is complete first, and of the longest one if several end there. */
function firstComplete(text: string, stops: readonly string[]): number | undefined {
  let best: { start: number; end: number } | undefined
  for (const stop of stops) {
    const start = text.indexOf(stop)
    if (start < 0) continue
    const end = start + stop.length
    if (best === undefined || end < best.end || (end === best.end && start < best.start)) best = { start, end }
  }
  return best?.start
}

/** Length of the longest suffix of the text with which a stop string could begin. */
function possibleStop(text: string, stops: readonly string[]): number {
  let longest = 0
  for (const stop of stops) {
    for (let length = Math.min(stop.length - 1, text.length); length > longest; length--) {
      if (text.endsWith(stop.slice(0, length))) longest = length
    }
  }
  return longest
}
