import { toHex } from '@dcml/protocol'
import { approvalBytes } from '../../contracts/model/src/approval.ts'
import type { Channel } from '../../contracts/model/src/channel.ts'
import { split } from '../../contracts/model/src/closing.ts'
import type { Approved } from './chain.ts'
import { signerOf } from './keys.ts'
import { CHAIN } from './proofs.ts'

/** Signs whatever it is asked to, with a key that is somebody's or nobody's: a broken enclave, or a liar. */
export class Forger {
  readonly account: string
  readonly #signer

  constructor(name: string) {
    this.account = `${name}.test`
    this.#signer = signerOf(`${name}'s enclave`)
  }

  get sessionKey(): string {
    return toHex(this.#signer.publicKey)
  }

  /** An approval of these tokens, whose sum is right. */
  approve(channelId: bigint, channel: Channel, promptTokens: bigint, completionTokens: bigint): Approved {
    const counts = { channelId, challenge: channel.challenge, promptTokens, completionTokens, spent: 0n, counter: 1n }
    const { owner, host } = split(channel.prices, counts)
    const facts = { ...counts, spent: owner + host }
    const [enclave, challenge] = [channel.sessionKey, channel.challenge].map((text) => Buffer.from(text, 'hex'))
    const message = approvalBytes(CHAIN, enclave as Uint8Array, challenge as Uint8Array, facts)
    return { ...facts, signature: this.#signer.sign(message) as Uint8Array }
  }
}
