// Signatures take most of a relay's time, and the machine needs its answers at once. So the signatures of what arrived
// together are checked by the platform's threads first, on as many cores as there are, and the machine finds them done.
import { equalBytes } from '@dcml/protocol'
import {
  bytesOf,
  type Kind,
  porRequest,
  porResponse,
  porVoucher,
  type Signed,
  type VerifyNow,
} from '@dcml/protocol/por'
import type { Message } from '../wire/messages.ts'
import type { VerifyLater } from './keys.ts'

interface Checked {
  readonly publicKey: Uint8Array
  readonly message: Uint8Array
  readonly isValid: boolean
}

type Domained = Parameters<typeof bytesOf>[1]

/** Checks signatures before they are asked for. */
export class Ahead {
  readonly #later: VerifyLater
  /** By the signature itself, as it lies in its message: forgotten with it. */
  readonly #checked = new WeakMap<Uint8Array, Checked>()
  readonly verify: VerifyNow

  constructor(now: VerifyNow, later: VerifyLater) {
    this.#later = later
    // What was checked counts for the same three values only.
    this.verify = (publicKey, message, signature) => {
      const known = this.#checked.get(signature)
      const isKnown = known && equalBytes(known.publicKey, publicKey) && equalBytes(known.message, message)
      if (!isKnown) return now(publicKey, message, signature)
      // The machine asks once; a request under way shall not weigh more for it.
      this.#checked.delete(signature)
      return known.isValid
    }
  }

  /** Checks all that these messages carry. @returns null where they carry nothing */
  check(messages: readonly Message[]): Promise<unknown> | null {
    const checks = messages.flatMap((message) => this.#signaturesOf(message))
    // What cannot be checked here, the machine finds unchecked.
    return checks.length === 0 ? null : Promise.allSettled(checks)
  }

  #signaturesOf(message: Message): Promise<void>[] {
    const checks: Promise<void>[] = []
    if (message.type === 'request') checks.push(this.#one(porRequest, message.request))
    if (message.type === 'response') checks.push(this.#one(porResponse, message.response))
    const voucher = 'voucher' in message ? message.voucher : null
    if (voucher !== null) checks.push(this.#one(porVoucher, voucher))
    return checks
  }

  /** By the key that it names: the machine asks whether that is the right one before it asks for the signature. */
  async #one<T extends Domained>(of: Kind<T>, { body, signature }: Signed<T>): Promise<void> {
    const { subject: publicKey } = body.domain
    const message = bytesOf(of, body)
    const isValid = await this.#later(publicKey, message, signature)
    this.#checked.set(signature, { publicKey, message, isValid })
  }
}
