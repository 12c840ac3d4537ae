// HMAC sessions: who knows the secrets sees that commands and answers are the other's (Part 1 §19).
import { createCipheriv, createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { concatBytes, DcmlError, utf8 } from '@dcml/protocol'
import { COMMAND, exchange, HANDLE, plain, TAG, TpmRefusal } from './command.ts'
import { ALGORITHM, agreeSalt } from './salt.ts'
import type { TpmTransport } from './transport.ts'
import { malformed, Reader, sized, u8, u16, u32 } from './wire.ts'

/** TPMA_SESSION (Part 2 §8.4). */
const ATTRIBUTE = { continue: 0x01, exclusive: 0x02, auditReset: 0x04, decrypt: 0x20, audit: 0x80 } as const

/** What a command is about, and the name that a change of it would change (Part 1 §16). */
export interface Entity {
  readonly handle: number
  readonly name: Uint8Array
}

export interface SessionCommand {
  readonly command: number
  readonly handles: readonly Entity[]
  /** Of the first handle, where the command needs it. */
  readonly auth?: Uint8Array
  readonly parameters: Uint8Array
  /**
   * `begin`: the session counts as exclusive from this command on. `require`: the TPM refuses unless no command of anybody
   * else came in between (Part 1 §19.6.5).
   */
  readonly exclusive?: 'begin' | 'require'
  /** Encrypts the first parameter, a sized buffer (Part 1 §21). */
  readonly encrypt?: boolean
}

/** A session with a key that only this process and the TPM know. */
export class HmacSession {
  readonly #tpm: TpmTransport
  readonly #handle: number
  readonly #key: Uint8Array
  /** The TPM's newest nonce; the first one is fresh from its generator and of no other session. */
  #nonceTpm: Uint8Array
  /** Why no command can follow: after an answer that was lost or forged nobody knows the TPM's nonce. */
  #broken: unknown

  private constructor(tpm: TpmTransport, handle: number, key: Uint8Array, nonceTpm: Uint8Array) {
    this.#tpm = tpm
    this.#handle = handle
    this.#key = key
    this.#nonceTpm = nonceTpm
  }

  static async start(tpm: TpmTransport): Promise<HmacSession> {
    const { handle: saltKey, salt, encrypted } = await agreeSalt(tpm)
    try {
      const nonce = randomBytes(32)
      const symmetric = concatBytes(u16(ALGORITHM.aes), u16(128), u16(ALGORITHM.cfb))
      const reader = await plain(
        tpm,
        COMMAND.startAuthSession,
        ...[u32(saltKey), u32(HANDLE.none), sized(nonce), sized(encrypted), u8(0), symmetric, u16(ALGORITHM.sha256)],
      )
      const [handle, nonceTpm] = [reader.u32(), reader.sized()]
      reader.end()
      if (nonceTpm.length !== 32) throw malformed()
      return new HmacSession(tpm, handle, kdfa(salt, 'ATH', nonceTpm, nonce, 32), nonceTpm)
    } finally {
      await plain(tpm, COMMAND.flushContext, u32(saltKey))
    }
  }

  /** 32 bytes that the TPM drew and that are of no other session: known to be its own once a command has succeeded. */
  get nonce(): Uint8Array {
    return this.#nonceTpm.slice()
  }

  /**
   * The parameters of the answer.
   * @throws TpmRefusal, or DcmlError `tpm_answer_forged`, `tpm_answer_malformed`
   */
  async run(command: SessionCommand): Promise<Reader> {
    if (this.#broken !== undefined) throw this.#broken
    try {
      return await this.#run(command)
    } catch (error) {
      // a refusal leaves the session as it was
      if (!(error instanceof TpmRefusal)) this.#broken = error
      throw error
    }
  }

  async #run({ command, handles, auth, parameters, exclusive, encrypt }: SessionCommand): Promise<Reader> {
    const nonce = Uint8Array.from(randomBytes(32))
    const key = concatBytes(this.#key, withoutTrailingZeros(auth))
    const sent = encrypt ? this.#encrypted(key, nonce, parameters) : parameters
    const attributes =
      ATTRIBUTE.continue |
      (encrypt ? ATTRIBUTE.decrypt : 0) |
      (exclusive === undefined ? 0 : ATTRIBUTE.audit) |
      (exclusive === 'begin' ? ATTRIBUTE.auditReset : 0) |
      (exclusive === 'require' ? ATTRIBUTE.exclusive : 0)
    const names = handles.map(({ name }) => name)
    const commandHash = sha256(u32(command), ...names, sent)
    const mac = hmac(key, commandHash, nonce, this.#nonceTpm, u8(attributes))
    const area = concatBytes(u32(this.#handle), sized(nonce), u8(attributes), sized(mac))
    const body = [...handles.map(({ handle }) => u32(handle)), u32(area.length), area, sent]
    const reader = await exchange(this.#tpm, TAG.withSessions, command, concatBytes(...body))
    const answered = reader.take(reader.u32())
    const [nonceTpm, flags, answerMac] = [reader.sized(), reader.take(1), reader.sized()]
    reader.end()
    const answerHash = sha256(u32(0), u32(command), answered)
    if (!equal(answerMac, hmac(key, answerHash, nonceTpm, nonce, flags))) throw forged()
    this.#nonceTpm = nonceTpm
    return new Reader(answered)
  }

  close(): Promise<unknown> {
    return plain(this.#tpm, COMMAND.flushContext, u32(this.#handle))
  }

  #encrypted(key: Uint8Array, nonce: Uint8Array, parameters: Uint8Array): Uint8Array {
    const reader = new Reader(parameters)
    const first = reader.sized()
    const secret = kdfa(key, 'CFB', nonce, this.#nonceTpm, 32)
    const cipher = createCipheriv('aes-128-cfb', secret.subarray(0, 16), secret.subarray(16))
    return concatBytes(sized(cipher.update(first), cipher.final()), reader.rest())
  }
}

const sha256 = (...parts: readonly Uint8Array[]): Uint8Array =>
  createHash('sha256')
    .update(concatBytes(...parts))
    .digest()

const hmac = (key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array =>
  createHmac('sha256', key)
    .update(concatBytes(...parts))
    .digest()

/** As TPMs use authorisation values in keys (Part 1 §19.6.4.3). */
const withoutTrailingZeros = (bytes: Uint8Array = new Uint8Array()): Uint8Array =>
  bytes.subarray(0, bytes.findLastIndex((byte) => byte !== 0) + 1)

const equal = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && timingSafeEqual(a, b)

/** KDFa for up to 32 bytes (Part 1 §11.4.10.2). */
function kdfa(key: Uint8Array, label: string, u: Uint8Array, v: Uint8Array, length: number): Uint8Array {
  return hmac(key, u32(1), utf8(`${label}\0`), u, v, u32(length * 8)).subarray(0, length)
}

const forged = (): DcmlError =>
  new DcmlError(
    'tpm_answer_forged',
    'The answer does not come from the TPM that the session is with, or was altered.',
    {
      hint: 'Somebody stands between this machine and its TPM. Do not go on.',
    },
  )
