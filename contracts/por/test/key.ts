import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto'
import { toHex } from '@dcml/protocol'
import type { NodeSigner } from '@dcml/protocol/por'

/** A node key. */
export class Key implements NodeSigner {
  readonly publicKey: Uint8Array
  readonly #secret: KeyObject

  constructor(name: string) {
    const seed = createHash('sha256').update(name).digest()
    const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed])
    this.#secret = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
    this.publicKey = Uint8Array.from(
      createPublicKey(this.#secret).export({ type: 'spki', format: 'der' }).subarray(-32),
    )
  }

  get hex(): string {
    return toHex(this.publicKey)
  }

  sign(message: Uint8Array): Uint8Array {
    return Uint8Array.from(sign(null, message, this.#secret))
  }
}
