import { hkdfSync, randomBytes } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import type { StateStore, StoredState } from '@dcml/channels'
import { bytes, bytes32, DcmlError, decode, encode, equalBytes, type Infer, struct, u8 } from '@dcml/protocol'
import type { Logger } from 'pino'
import type { AntiRollbackDevice } from '../anti-rollback/device.ts'
import { lockFolder } from './lock.ts'
import { type Sealer, sealer } from './seal.ts'
import { StateLogs } from './state-logs.ts'

/**
 * What a log begins with. The seed of the session key lies with every image, so that neither is ever found without the
 * other. `isFirst` is 1 in the first image of a session.
 */
const layout = struct({ sessionSeed: bytes32, isFirst: u8, image: bytes(48 * 1024 * 1024) })
type Kept = Infer<typeof layout> & StoredState

/** An image never opens as a change, nor a change as an image. */
type Cipher = Readonly<Record<'image' | 'change', Sealer>>

export interface SealedStateOptions {
  /** Made where there is none. On the host's disk: it may lose, copy and put back what lies there. */
  readonly folder: string
  /** 32 bytes of `TeeBackend.sealingKey`. */
  readonly sealingKey: Uint8Array
  /** The device that the states are marked on. */
  readonly antiRollback: Pick<AntiRollbackDevice, 'read' | 'incarnation'>
  readonly log: Pick<Logger, 'info'>
}

/** What an enclave keeps from one life to the next (paper §6.1). */
export interface SealedState {
  /** 32 secret bytes, for `createEnclave`. */
  readonly sessionSeed: Uint8Array
  /** True only in the life that made the seed: nothing was ever promised under its key. */
  readonly isNewSession: boolean
  /** Its writes throw `state_disk_full` or `state_write_failed`; the state before is whole then. */
  readonly store: StateStore
  /** Lets the next process in. No write may be under way. */
  close(): Promise<void>
}

/**
 * Opens the sealed state of an enclave, or begins a session where there is none. The first write keeps the seed, so a
 * start that was killed before leaves nothing behind. One that was killed between its first write and its first mark is
 * begun anew: a ledger refuses an old key without a mark.
 * @throws DcmlError `state_in_use`; `state_unreadable` where nothing in the folder opens with this key, or what opens is
 * of two sessions
 */
export async function openSealedState(options: SealedStateOptions): Promise<SealedState> {
  const { folder, log, antiRollback } = options
  const cipher = {
    image: sealer(options.sealingKey, 'state image'),
    change: sealer(options.sealingKey, 'state change'),
  }
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const release = await lockFolder(folder)
  try {
    const logs = await StateLogs.open(folder)
    const { counter } = await antiRollback.read()
    const found = await readSession(logs, cipher, folder)
    const isUnmarked = counter === 0n && found.every(({ isFirst, changes }) => isFirst === 1 && changes.length === 0)
    if (isUnmarked) await logs.clear()
    const [kept] = isUnmarked ? [] : found
    const sessionSeed = kept?.sessionSeed ?? newSeed(antiRollback.incarnation)
    const isNewSession = kept === undefined
    log.info({ folder, isNewSession }, 'sealed state opened')
    const session = { sessionSeed, isNewSession }
    const store = sealedStore(logs, cipher, session, isUnmarked ? [] : found)
    return {
      ...session,
      store,
      async close() {
        await logs.close()
        await release()
      },
    }
  } catch (error) {
    await release()
    throw error
  }
}

/** Mixed with what only this device had: copies of a machine draw the same random numbers. */
const newSeed = (incarnation: Uint8Array = new Uint8Array()): Uint8Array =>
  new Uint8Array(hkdfSync('sha256', randomBytes(32), incarnation, 'dcml/session-seed/1', 32))

function sealedStore(
  logs: StateLogs,
  cipher: Cipher,
  { sessionSeed, isNewSession }: Pick<SealedState, 'sessionSeed' | 'isNewSession'>,
  found: readonly StoredState[],
): StateStore {
  let isFirst = isNewSession
  return {
    read: async () => found,
    async replace(image) {
      await logs.begin(cipher.image.seal(encode(layout, { sessionSeed, isFirst: isFirst ? 1 : 0, image })))
      isFirst = false
    },
    append: (change) => logs.append(cipher.change.seal(change)),
  }
}

/** All that opens in the folder; of one session, or nothing. */
async function readSession(logs: StateLogs, cipher: Cipher, folder: string): Promise<Kept[]> {
  const all = await logs.read()
  const found = all.flatMap(([first, ...rest]): Kept[] => {
    const head = first && cipher.image.open(first)
    if (head === undefined) return []
    const changes = rest.map(cipher.change.open)
    const end = changes.indexOf(undefined)
    return [{ ...decode(layout, head), changes: (end === -1 ? changes : changes.slice(0, end)) as Uint8Array[] }]
  })
  if (all.length > 0 && found.length === 0)
    throw unreadable(
      `Nothing in ${folder} was sealed by this image on this machine, or it was altered.`,
      'Restore the newest state files, or start with an empty folder and a new device: open channels are lost then.',
    )
  if (found.some(({ sessionSeed }) => !equalBytes(sessionSeed, found[0]!.sessionSeed)))
    throw unreadable(
      `States of two sessions lie in ${folder}.`,
      'Keep the files of one backup only; the device knows which state was the last.',
    )
  return found
}

const unreadable = (message: string, hint: string): DcmlError => new DcmlError('state_unreadable', message, { hint })
