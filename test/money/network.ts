import { DcmlError } from '@dcml/protocol'
import type { Draws } from './draws.ts'

/** Messages between parties that share no wire: some arrive at once, some later and in any order, some twice, some never. */
export class Network {
  readonly #waiting: (() => Promise<void>)[] = []

  async send(draws: Draws, message: () => Promise<void>): Promise<void> {
    const fate = draws.below(12)
    if (fate === 11) return
    if (fate >= 8) this.#waiting.push(message)
    if (fate <= 8) await arrive(message)
  }

  /** One of those that wait. */
  async deliver(draws: Draws): Promise<void> {
    const [message] = this.#waiting.splice(draws.below(Math.max(this.#waiting.length, 1)), 1)
    if (message !== undefined) await arrive(message)
  }
}

/** A refusal is an answer; anything else is a defect. */
export async function arrive(message: () => Promise<unknown>): Promise<string> {
  try {
    await message()
    return 'done'
  } catch (error) {
    if (DcmlError.isInstance(error)) return error.code
    throw error
  }
}
