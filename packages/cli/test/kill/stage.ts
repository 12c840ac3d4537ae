// What all processes of the story know of each other.
import { writeSync } from 'node:fs'
import type { Prices } from '@dcml/protocol'

/** Handed to each process as JSON, one line on its standard input. */
export interface Stage {
  readonly folder: string
  /** Ports that each process takes again after it was killed. */
  readonly ports: { readonly chain: number; readonly runtime: number; readonly admin: number }
  /** From the first start of the chain. */
  readonly contract: string
  readonly keys: Readonly<
    Record<'alice' | 'bob' | 'charlie' | 'gas', { readonly accountId: string; readonly secretKey: string }>
  >
  /** Text of the light client's root in the runtime's image. */
  readonly root: string
  /** Which channel the client pays from: the stories of one stage are told one after the other. */
  readonly life: number
  /** `pay` until killed, or `close`. */
  readonly aim: 'pay' | 'close'
  readonly seed: number
}

export const CHAIN_ID = 'kill'
export const MODEL_H = new Uint8Array(32).fill(0xab)

/** Tokens that a stream sets aside at once: what a crash of the runtime may cost the payer. */
export const STEP = 4
/** Every prompt has so many words, and the scripted engine counts words. */
export const PROMPT_TOKENS = 4
export const MAX_TOKENS = 40
/** So far apart that the sum of a channel tells how many of which it was. */
export const PRICES: Prices = {
  ownerInput: 200n,
  hostInput: 100n,
  ownerOutput: 7n * 10n ** 18n,
  hostOutput: 3n * 10n ** 18n,
}
export const PER_TOKEN = PRICES.ownerOutput + PRICES.hostOutput
export const PER_PROMPT = (PRICES.ownerInput + PRICES.hostInput) * BigInt(PROMPT_TOKENS)
export const DEPOSIT = 10n ** 24n
/** What forcing a closure costs the payer. */
export const CLOSE_FEE = 10n ** 21n

/** What a process says of itself, one JSON line each. */
export interface Said {
  readonly event: string
  readonly [field: string]: unknown
}

/** Says it at once: what was written before a SIGKILL is in the pipe. */
export const say = (said: Said): void => void writeSync(1, `${JSON.stringify(said)}\n`)
