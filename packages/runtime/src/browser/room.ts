import { DcmlError } from '@dcml/protocol'

/** Of each body, what takes no room: whoever fills it with long ones does not keep out the short ones of others. */
const FREE_BYTES = 262_144

/** Takes room for more of a body. @throws DcmlError `overloaded` */
export type Take = (bytes: number) => void

/** Room for long bodies of strangers. On this port they are read before anyone can tell whether they are paid for. */
export class Room {
  readonly #bytes: number
  #taken = 0

  /** @param bytes for all bodies together, beyond what each has for nothing */
  constructor(bytes: number) {
    this.#bytes = bytes
  }

  /** Gives back what `act` took when it has settled. */
  async during<T>(act: (take: Take) => Promise<T>): Promise<T> {
    let [length, taken] = [0, 0]
    try {
      return await act((bytes) => {
        length += bytes
        const more = Math.max(0, length - FREE_BYTES) - taken
        if (this.#taken + more > this.#bytes) throw noRoom()
        taken += more
        this.#taken += more
      })
    } finally {
      this.#taken -= taken
    }
  }
}

const noRoom = (): DcmlError =>
  new DcmlError('overloaded', 'Too many long requests are being read.', {
    hint: 'Try again soon, or send less.',
    retryable: true,
    details: { retryAfter: 5 },
  })
