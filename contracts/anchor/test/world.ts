import { createHash, createPrivateKey, createPublicKey, sign } from 'node:crypto'
import { buildContract } from '@dcml/contract-build'
import { createDevchain, type DevAccount, type Devchain, type TransactionResult } from '@dcml/devchain'
import { type Chain, type Signer, signMarkClaim, signMarkStep, toHex } from '@dcml/protocol'
import { STORAGE } from '../src/marks.ts'

let built: Promise<Uint8Array> | undefined
export const anchorWasm = (): Promise<Uint8Array> => {
  built ??= buildContract({ entry: new URL('../src/anchor.ts', import.meta.url).pathname }).then(({ wasm }) => wasm)
  return built
}

/** The key of an enclave's device. */
export function deviceKey(name: string): Signer {
  const seed = createHash('sha256').update(name).digest()
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed])
  const secret = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  return {
    publicKey: Uint8Array.from(createPublicKey(secret).export({ type: 'spki', format: 'der' }).subarray(-32)),
    sign: (message) => Uint8Array.from(sign(null, message, secret)),
  }
}

export const digestOf = (n: number): Uint8Array => new Uint8Array(32).fill(n)
const NONCE = digestOf(9)

/** A chain with the anchor, and a host that calls it. */
export class AnchorWorld {
  readonly devchain: Devchain = createDevchain()
  readonly anchor: DevAccount = this.devchain.root.createAccount('anchor')
  readonly host: DevAccount = this.devchain.root.createAccount('host')
  readonly chain: Chain = { networkId: this.devchain.settings.chainId, contract: this.anchor.accountId }

  constructor(wasm: Uint8Array) {
    this.anchor.deploy(wasm)
  }

  /** Ms since 1970 by the chain's clock. */
  get now(): bigint {
    return this.devchain.head.header.timestamp / 1_000_000n
  }

  async claimArgs(signer: Signer, term: bigint, chain: Chain = this.chain): Promise<object> {
    const signature = await signMarkClaim(chain, { term, nonce: NONCE }, signer)
    return { device_key: toHex(signer.publicKey), term: `${term}`, nonce: toHex(NONCE), signature: base64(signature) }
  }

  async stepArgs(
    signer: Signer,
    term: bigint,
    counter: bigint,
    state: number,
    chain: Chain = this.chain,
  ): Promise<object> {
    const digest = digestOf(state)
    const signature = await signMarkStep(chain, { term, counter, digest, nonce: NONCE }, signer)
    return {
      device_key: toHex(signer.publicKey),
      term: `${term}`,
      counter: `${counter}`,
      digest: toHex(digest),
      nonce: toHex(NONCE),
      signature: base64(signature),
    }
  }

  /** Calls the anchor. The first claim pays for the row. */
  call(method: 'claim' | 'advance', args: object, { isFirst = false, mayFail = false } = {}): TransactionResult {
    return this.host.call(this.anchor, method, args, { deposit: isFirst ? STORAGE : 0n, mayFail })
  }

  /** Calls it where it must refuse; why it did. */
  refused(method: 'claim' | 'advance', args: object, options: { isFirst?: boolean } = {}): string {
    const { error } = this.call(method, args, { ...options, mayFail: true })
    if (error === null) throw new Error(`${method} was not refused`)
    return error
  }

  mark(signer: Signer): unknown {
    return this.anchor.view('mark', { device_key: toHex(signer.publicKey) })
  }
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')
