import { createPrivateKey, createPublicKey, randomBytes, sign } from 'node:crypto'
import type { Environment } from '@dcml/attestation'
import type { Bundle, Mark } from '@dcml/channels'
import type { LightClientState } from '@dcml/light-client'
import {
  type Chain,
  DcmlError,
  equalBytes,
  fromHex,
  type Signer,
  signMarkClaim,
  signMarkStep,
  toHex,
} from '@dcml/protocol'
import { Heads } from '../../payment/heads.ts'
import type { AntiRollbackDevice } from '../device.ts'
import { inTurn } from '../in-turn.ts'
import { sealedFile } from '../sealed-file.ts'
import { type Expected, provenMark } from './fact.ts'
import type { AnchorCall, AnchorRelay } from './relay.ts'

export interface ChainOptions {
  readonly relay: AnchorRelay
  /** Network and account of the anchor contract. From the measured image: a host that chose it could choose one that forgets. */
  readonly anchor: Chain
  /** The light client's root, from the measured image. */
  readonly root: LightClientState
  /** Sealed file with the device's key; beside the state, and of no use without it. */
  readonly file: string
  /** 32 bytes of `TeeBackend.sealingKey`. */
  readonly sealingKey: Uint8Array
  /** Of the TEE. A chain is as real as the root it is verified from. */
  readonly environment: Environment
  /** Unix time in milliseconds. Default `Date.now`. */
  readonly clock?: () => number
  /** 32 random bytes. Default: of the platform. */
  readonly random?: () => Uint8Array
}

/** A device whose mark is on NEAR. */
export interface ChainDevice extends AntiRollbackDevice {
  readonly name: 'chain'
  /** Ed25519 key that names the mark in the contract. */
  readonly incarnation: Uint8Array
}

/** What this start knows: its term, and the mark that nobody can outdate without ending the term. */
interface Session {
  readonly term: bigint
  readonly mark: Mark
}

/**
 * Keeps the mark in the anchor contract (paper §6.1). Each reading claims the mark for this start, which voids whatever
 * another signed; each step is done once the light client has proven that the contract took it.
 * @throws DcmlError `rollback_file_unreadable`; `read` and `advance` throw `rollback_conflict`, `rollback_relay_failed`,
 * `rollback_proof_refused`
 */
export async function chainDevice(options: ChainOptions): Promise<ChainDevice> {
  const signer = await deviceKey(options)
  const register = new Register(options, signer)
  const turn = inTurn()
  return {
    name: 'chain',
    environment: options.environment,
    incarnation: signer.publicKey,
    read: () => turn(() => register.claim()),
    advance: (next) => turn(() => register.advance(next)),
  }
}

class Register {
  readonly #options: ChainOptions
  readonly #signer: Signer
  readonly #heads: Heads
  #term = 0n
  #session: Session | undefined

  constructor(options: ChainOptions, signer: Signer) {
    this.#options = options
    this.#signer = signer
    this.#heads = new Heads(options.root)
  }

  async claim(): Promise<Mark> {
    this.#session = undefined
    const { anchor, clock = Date.now } = this.#options
    const now = BigInt(clock())
    const term = now > this.#term ? now : this.#term + 1n
    this.#term = term
    const nonce = this.#options.random?.() ?? Uint8Array.from(randomBytes(32))
    const signature = await signMarkClaim(anchor, { term, nonce }, this.#signer)
    const answer = await this.#submit('claim', { term: `${term}`, nonce: toHex(nonce), signature: base64(signature) })
    if ('refused' in answer) throw claimRefused(answer.refused)
    const mark = await this.#proven(answer, { event: 'mark_claimed', nonce: toHex(nonce) })
    this.#session = { term, mark }
    return mark
  }

  async advance({ counter, digest }: Mark): Promise<void> {
    if (this.#session === undefined) await this.claim()
    const { term, mark } = this.#session!
    if (counter !== mark.counter + 1n) throw conflict(mark.counter, counter)
    const next: Mark = { counter, digest: digest.slice() }
    // a step that failed may have been taken: only a new claim tells
    this.#session = undefined
    const nonce = this.#options.random?.() ?? Uint8Array.from(randomBytes(32))
    const signature = await signMarkStep(this.#options.anchor, { term, ...next, nonce }, this.#signer)
    const answer = await this.#submit('advance', {
      term: `${term}`,
      counter: `${counter}`,
      digest: toHex(next.digest),
      nonce: toHex(nonce),
      signature: base64(signature),
    })
    if ('refused' in answer) throw conflict(mark.counter, counter, answer.refused)
    const proven = await this.#proven(answer, { event: 'mark_advanced', nonce: toHex(nonce) })
    // copies of one memory draw the same nonces
    if (proven.counter !== counter || !equalBytes(proven.digest, next.digest)) throw conflict(mark.counter, counter)
    this.#session = { term, mark: next }
  }

  #submit(method: AnchorCall['method'], args: Record<string, string>): ReturnType<AnchorRelay['submit']> {
    const { relay, anchor } = this.#options
    const call = { contract: anchor.contract, method, args: { device_key: toHex(this.#signer.publicKey), ...args } }
    return relay.submit(call, this.#heads.newest).catch((cause: unknown) => {
      throw relayFailed(method, cause)
    })
  }

  #proven(bundle: Bundle, expected: Pick<Expected, 'event' | 'nonce'>): Promise<Mark> {
    const { anchor, clock = Date.now } = this.#options
    const deviceKey = toHex(this.#signer.publicKey)
    return provenMark(bundle, this.#heads, new Date(clock()), { contract: anchor.contract, deviceKey, ...expected })
  }
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')

/** Everything of a PKCS #8 Ed25519 key before its seed (RFC 8410 §7). */
const ED25519_PKCS8 = fromHex('302e020100300506032b657004220420')

/** The device's key, made at its first start. */
async function deviceKey({ file, sealingKey }: ChainOptions): Promise<Signer> {
  const sealed = sealedFile(file, sealingKey, 'chain')
  const kept = await sealed.read()
  const seed = kept ?? Uint8Array.from(randomBytes(32))
  if (kept === undefined) await sealed.write(seed)
  const key = createPrivateKey({ key: Buffer.concat([ED25519_PKCS8, seed]), format: 'der', type: 'pkcs8' })
  return {
    publicKey: Uint8Array.from(createPublicKey(key).export({ type: 'spki', format: 'der' }).subarray(-32)),
    sign: (message) => Uint8Array.from(sign(null, message, key)),
  }
}

const conflict = (counter: bigint, asked: bigint, refused = ''): DcmlError =>
  new DcmlError('rollback_conflict', 'Another copy of this enclave, or an older state of it, has counted.', {
    hint: 'Stop this copy; restart from the newest state.',
    details: { counter: `${counter}`, asked: `${asked}`, ...(refused !== '' && { refused: refused.slice(0, 200) }) },
  })

const claimRefused = (refused: string): DcmlError =>
  new DcmlError('rollback_conflict', 'Another copy of this enclave has started later, or the clock here runs behind.', {
    hint: 'Stop the other copy, or set the clock; then start again.',
    details: { refused: refused.slice(0, 200) },
  })

const relayFailed = (method: string, cause: unknown): DcmlError =>
  new DcmlError('rollback_relay_failed', `The relay could not bring a proof of ${method}.`, {
    hint: 'Check that it reaches a node and that its account can pay for gas, then start again.',
    retryable: true,
    cause,
  })
