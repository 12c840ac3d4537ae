// The NV index that holds the mark (TPM 2.0 Library, Part 1 §37.2; Part 3 §31).
import { createHash } from 'node:crypto'
import { concatBytes, DcmlError, equalBytes } from '@dcml/protocol'
import { COMMAND, HANDLE, plain, TpmRefusal } from './command.ts'
import { ALGORITHM } from './salt.ts'
import type { Entity, HmacSession } from './session.ts'
import type { TpmTransport } from './transport.ts'
import { Reader, sized, u16, u32 } from './wire.ts'

/** TPMA_NV (Part 2 §13.4): type EXTEND, read and written with its own authorisation, wrong ones lock nobody out. */
const ATTRIBUTES = 0x02040044
const WRITTEN = 0x20000000
const SIZE = 32

interface NvPublic {
  readonly isWritten: boolean
  /** Never used as a policy: 32 bytes that make each definition of the index another entity. */
  readonly nonce: Uint8Array
}

export interface NvOptions {
  /** Handle of the index. */
  readonly index: number
  /** The index's authorisation value. */
  readonly auth: Uint8Array
  /** Authorisation value of the owner hierarchy. */
  readonly ownerAuth: Uint8Array
}

/**
 * The mark's index under one definition: deleted and defined again it is another one, and no command that is meant for
 * this one succeeds there.
 */
export class NvIndex {
  readonly #tpm: TpmTransport
  readonly #session: HmacSession
  readonly #options: NvOptions
  /** 32 bytes from the TPM's generator at the definition. */
  readonly nonce: Uint8Array
  #area: NvPublic

  private constructor(tpm: TpmTransport, session: HmacSession, options: NvOptions, area: NvPublic) {
    this.#tpm = tpm
    this.#session = session
    this.#options = options
    this.#area = area
    this.nonce = area.nonce
  }

  /** Defines the index where there is none. @throws DcmlError `tpm_index_foreign`; TpmRefusal */
  static async open(tpm: TpmTransport, session: HmacSession, options: NvOptions): Promise<NvIndex> {
    if ((await readArea(tpm, options.index)) === undefined) await define(session, options)
    const area = await readArea(tpm, options.index)
    if (area === undefined) throw foreign(options.index)
    return new NvIndex(tpm, session, options, area)
  }

  /**
   * What it holds, undefined where it was never written. `extend` succeeds from then on until somebody else uses the TPM.
   * @throws DcmlError `tpm_index_foreign` where it is no longer this one, or not this enclave's
   */
  async read(): Promise<Uint8Array | undefined> {
    const { index } = this.#options
    const area = await readArea(this.#tpm, index)
    if (area === undefined || !equalBytes(area.nonce, this.nonce)) throw foreign(index)
    this.#area = area
    try {
      if (area.isWritten) return await this.#value()
      // said again under the session: that it was never written is not the host's word
      const [handles, parameters] = [[this.#entity], new Uint8Array()]
      await this.#session.run({ command: COMMAND.readPublic, handles, parameters, exclusive: 'begin' })
      return undefined
    } catch (error) {
      throw this.#explained(error)
    }
  }

  /**
   * Replaces the value by the SHA-256 of it and `data`, in one step, where nobody used the TPM since the last `read` or
   * `extend` of this object.
   * @returns false where somebody did, and nothing was changed
   */
  async extend(data: Uint8Array): Promise<boolean> {
    try {
      await this.#session.run({
        command: COMMAND.extend,
        handles: [this.#entity, this.#entity],
        auth: this.#options.auth,
        parameters: sized(data),
        exclusive: 'require',
      })
    } catch (error) {
      if (TpmRefusal.is(error, 'exclusive')) return false
      throw this.#explained(error)
    }
    this.#area = { ...this.#area, isWritten: true }
    return true
  }

  async #value(): Promise<Uint8Array> {
    const reader = await this.#session.run({
      command: COMMAND.read,
      handles: [this.#entity, this.#entity],
      auth: this.#options.auth,
      parameters: concatBytes(u16(SIZE), u16(0)),
      exclusive: 'begin',
    })
    const value = reader.sized()
    reader.end()
    return value
  }

  get #entity(): Entity {
    return {
      handle: this.#options.index,
      name: concatBytes(u16(ALGORITHM.sha256), sha256(encodeArea(this.#options.index, this.#area))),
    }
  }

  #explained(error: unknown): unknown {
    return TpmRefusal.is(error, 'handle', 'authFail', 'badAuth') ? foreign(this.#options.index, error) : error
  }
}

async function define(session: HmacSession, { index, auth, ownerAuth }: NvOptions): Promise<void> {
  const area = encodeArea(index, { isWritten: false, nonce: session.nonce })
  await session.run({
    command: COMMAND.defineSpace,
    handles: [{ handle: HANDLE.owner, name: u32(HANDLE.owner) }],
    auth: ownerAuth,
    parameters: concatBytes(sized(auth), sized(area)),
    encrypt: true,
  })
}

/** What the index is, as whoever carries the answer says; undefined where it says that there is none. */
async function readArea(tpm: TpmTransport, index: number): Promise<NvPublic | undefined> {
  let reader: Reader
  try {
    reader = await plain(tpm, COMMAND.readPublic, u32(index))
  } catch (error) {
    if (TpmRefusal.is(error, 'handle')) return undefined
    throw error
  }
  const area = reader.sized()
  reader.sized()
  reader.end()
  // handle, algorithm and attributes come first, then the nonce
  const fields = new Reader(area)
  fields.take(6)
  const isWritten = (fields.u32() & WRITTEN) !== 0
  const said = { isWritten, nonce: fields.sized() }
  if (said.nonce.length !== 32 || !equalBytes(area, encodeArea(index, said))) throw foreign(index)
  return said
}

const encodeArea = (index: number, { isWritten, nonce }: NvPublic): Uint8Array =>
  concatBytes(
    ...[u32(index), u16(ALGORITHM.sha256), u32(isWritten ? ATTRIBUTES + WRITTEN : ATTRIBUTES)],
    ...[sized(nonce), u16(SIZE)],
  )

const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest()

const foreign = (index: number, cause?: unknown): DcmlError =>
  new DcmlError('tpm_index_foreign', `The NV index 0x${index.toString(16)} is not this enclave's, or no longer.`, {
    hint: 'Name a free index. What was marked under a deleted one is lost: start with an empty state folder then.',
    cause,
  })
