import { hkdfSync } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Mark } from '@dcml/channels'
import { DcmlError, equalBytes } from '@dcml/protocol'
import type { AntiRollbackDevice } from '../device.ts'
import { CODE, TpmRefusal, vendorOf } from './command.ts'
import { extended, MarkFile, type Standing, stepData } from './mark-file.ts'
import { NvIndex } from './nv-index.ts'
import { HmacSession } from './session.ts'
import type { TpmTransport } from './transport.ts'

export interface Tpm2Options {
  /** `await tpmDevice()` for the kernel's `/dev/tpmrm0`. Closed with the device. */
  readonly transport: TpmTransport
  /** 32 bytes of `TeeBackend.sealingKey`. What authorises the use of the index follows from it. */
  readonly sealingKey: Uint8Array
  /** A small file that says which mark the value of the index stands for; beside the state, and copied with it. */
  readonly file: string
  /** Handle of the NV index, of the owner's range; one for each enclave. Default 0x018dc001. */
  readonly index?: number
  /** Authorisation value of the TPM's owner, who may define indices. Default empty, as TPMs come. */
  readonly ownerAuth?: Uint8Array
}

/** A device whose mark is in a TPM. */
export interface Tpm2Device extends AntiRollbackDevice {
  readonly name: 'tpm2'
  readonly incarnation: Uint8Array
  close(): Promise<void>
}

const NO_VALUE = new Uint8Array(32)
/** Others use a TPM for milliseconds, and seldom. */
const ATTEMPTS = 100

/**
 * Keeps the mark in an NV index of a TPM 2.0 (paper §6.1). The index is of the type EXTEND: a step replaces its value by
 * the hash of that and of the mark, so it goes forward only, and the value names every mark so far. A step is taken under
 * a session that the TPM refuses as soon as anybody else has used it since the value was last seen: of two copies of an
 * enclave one gets through.
 *
 * Commands and answers are authenticated with the index's authorisation value and with a secret agreed with the TPM by
 * ECDH: who carries, alters or replays them can delay and no more. That the TPM is a real one is **not** checked, as no
 * endorsement certificate is looked at. A host that puts a software TPM there, or itself in the middle when the index is
 * first defined, can turn the mark back. A TPM that calls itself software is labelled `development`; one that lies is not
 * found out. Use a TPM that the host cannot replace, such as that of the CVM's own firmware.
 *
 * Each step is a write to the TPM's flash, which is made for some 100,000 to 500,000 of them, and takes tens of
 * milliseconds on chips.
 * @throws DcmlError `tpm_index_foreign`, `tpm_refused`, `tpm_unavailable`, `tpm_answer_forged`, `tpm_answer_malformed`,
 * `state_disk_full`, `state_write_failed`; `read` also `rollback_mark_unknown`
 */
export async function tpm2Device(options: Tpm2Options): Promise<Tpm2Device> {
  const { transport, index = 0x018dc001, ownerAuth = new Uint8Array() } = options
  const auth = new Uint8Array(hkdfSync('sha256', options.sealingKey, 'dcml/tpm2/1', 'index', 32))
  return named(async () => {
    const vendor = await vendorOf(transport)
    const session = await HmacSession.start(transport)
    // a session that is lost needs no end
    const end = () => session.close().catch(() => {})
    try {
      const nv = await NvIndex.open(transport, session, { index, auth, ownerAuth })
      const file = await MarkFile.open(options.file)
      const chain = new Chain(nv, file)
      return {
        name: 'tpm2',
        environment: /\bSW\b/.test(vendor) ? 'development' : 'production',
        incarnation: nv.nonce,
        read: () => named(async () => (await chain.read()).mark),
        advance: (next) => named(() => chain.advance(next)),
        async close() {
          await file.close()
          await end()
          await transport.close()
        },
      }
    } catch (error) {
      await end()
      throw error
    }
  })
}

/** The marks of one index. */
class Chain {
  readonly #nv: NvIndex
  readonly #file: MarkFile
  /** Unknown after a step that may or may not have been taken. */
  #standing: Standing | undefined
  #last: Promise<unknown> = Promise.resolve()

  constructor(nv: NvIndex, file: MarkFile) {
    this.#nv = nv
    this.#file = file
  }

  read(): Promise<Standing> {
    return this.#inTurn(() => this.#read())
  }

  advance(next: Mark): Promise<void> {
    const step = { counter: next.counter, digest: next.digest.slice() }
    return this.#inTurn(() => this.#advance(step))
  }

  #inTurn<T>(run: () => Promise<T>): Promise<T> {
    const result = this.#last.then(run)
    this.#last = result.catch(() => {})
    return result
  }

  async #read(): Promise<Standing> {
    const value = await this.#nv.read()
    this.#standing = value === undefined ? { before: NO_VALUE, mark: NO_MARK } : await this.#file.find(value)
    if (this.#standing === undefined) throw unknownMark()
    return this.#standing
  }

  async #advance(next: Mark): Promise<void> {
    const { before, mark } = this.#standing ?? (await this.#read())
    if (next.counter !== mark.counter + 1n) throw conflict(mark, next)
    this.#standing = undefined
    const value = indexValue({ before, mark })
    await this.#file.write({ before, present: mark, next })
    for (let attempt = 1; !(await this.#nv.extend(stepData(next))); attempt++) {
      // somebody used the TPM: it may have been a copy of this enclave
      if (!equalBytes((await this.#nv.read()) ?? NO_VALUE, value)) throw conflict(mark, next)
      if (attempt === ATTEMPTS) throw new TpmRefusal(CODE.exclusive)
      if (attempt > 1) await sleep(Math.random() * 20)
    }
    this.#standing = { before: value, mark: next }
  }
}

const NO_MARK: Mark = { counter: 0n, digest: new Uint8Array(32) }

const indexValue = ({ before, mark }: Standing): Uint8Array => (mark.counter === 0n ? before : extended(before, mark))

async function named<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (error) {
    if (!(error instanceof TpmRefusal)) throw error
    throw new DcmlError('tpm_refused', error.message, {
      hint: 'See TPM 2.0 Library, Part 2 §6.6, for the code; see who else uses the TPM and fills its memory.',
      details: { code: `0x${error.code.toString(16)}` },
      cause: error,
    })
  }
}

const conflict = (present: Mark, next: Mark): DcmlError =>
  new DcmlError('rollback_conflict', 'Another copy of this enclave, or an older state of it, has counted.', {
    hint: 'Stop this copy; restart from the newest state.',
    details: { counter: `${present.counter}`, asked: `${next.counter}` },
  })

const unknownMark = (): DcmlError =>
  new DcmlError('rollback_mark_unknown', 'The file beside the TPM does not say what its index stands for.', {
    hint: 'Restore the newest mark file and state. Without them the open channels are lost: undefine the index, begin anew.',
  })
