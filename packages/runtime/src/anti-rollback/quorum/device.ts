import { randomBytes } from 'node:crypto'
import { createServer } from 'node:https'
import type { Policy, TeeBackend } from '@dcml/attestation'
import { createEnclave, type Enclave, PeerExchange } from '@dcml/attestation/node'
import { toHex } from '@dcml/protocol'
import { getRequestListener } from '@hono/node-server'
import type { Logger } from 'pino'
import { createApp } from '../../api/app.ts'
import { asDcmlError, loggable } from '../../api/errors.ts'
import { type Listener, type ListenOptions, listen } from '../../listener.ts'
import { peerPatienceMs } from '../../tee/patience.ts'
import type { AntiRollbackDevice } from '../device.ts'
import { sealedFile } from '../sealed-file.ts'
import { chooseRegister, enrol, saveEnrolment } from './enrolment.ts'
import { type PeerAddress, PeerLine } from './line.ts'
import { PeerMemory } from './memory.ts'
import { movingRegister, type Register, type WatchedQuorum } from './moving.ts'
import { quorumRoutes } from './routes.ts'

export interface QuorumOptions {
  readonly tee: TeeBackend
  /** Exact bytes of the image manifest: peers run the same image. */
  readonly manifest: Uint8Array
  /** Whom to accept, beyond what always holds: this image, UpToDate, a quote of the very connection. Measured with it. */
  readonly policy: Policy
  readonly roots?: readonly (Uint8Array | string)[]
  /** Where this enclave remembers for others: a port of its own, open before there is a session key. */
  readonly listen: ListenOptions
  /** 2f + 1 peers, in the same order at every start. Any f of them may be lost until the rest has looked after that. */
  readonly peers: readonly PeerAddress[]
  /** Sealed file that says whom this enclave chose; beside its state, and of no use without it. */
  readonly file: string
  /** 32 bytes of `TeeBackend.sealingKey`. */
  readonly sealingKey: Uint8Array
  readonly log: Logger
  /** How long to wait for peers before giving up, in milliseconds. Default 30,000. */
  readonly patienceMs?: number
  /**
   * How long the first start waits until all peers are there, in milliseconds. Default one hour: who gives up and starts
   * again has been chosen by others already, and is lost to them.
   */
  readonly enrolMs?: number
  /** Others to remember for. Default 10,000, about 7 MB. */
  readonly maxOwners?: number
  /** Unix time in milliseconds. Default `Date.now`. */
  readonly clock?: () => number
}

/** A device whose mark other enclaves of this image remember. */
export interface QuorumDevice extends AntiRollbackDevice {
  readonly name: 'quorum'
  readonly incarnation: Uint8Array
  /** Where it remembers for others. */
  readonly address: Listener['address']
  /**
   * Moves the mark on where a peer has restarted and all addresses answer; done every minute by itself.
   * @returns whether it moved
   */
  lookAfter(): Promise<boolean>
  close(): Promise<void>
}

const WATCH_MS = 60_000

/**
 * Remembers for others from now on, and has others remember (paper §6.1). At its first start it chooses the processes
 * that answer at `peers`, all of which must run.
 * @throws DcmlError `quorum_peers_invalid`, `rollback_file_unreadable`, `listen_failed`, and those of `createEnclave` and
 * of dialling a peer
 */
export async function quorumDevice(options: QuorumOptions): Promise<QuorumDevice> {
  const { tee, manifest, policy, roots, log, clock = Date.now, maxOwners = 10_000 } = options
  const { patienceMs = 30_000, enrolMs = 3_600_000 } = options
  const again = patience(patienceMs)
  // keys of its own: those of the session lie with the state, which only the mark can vouch for
  const enclave = await createEnclave({ tee, manifest, clock })
  const exchange = new PeerExchange({ enclave, policy, clock, timeoutMs: peerPatienceMs(tee), ...(roots && { roots }) })
  const listener = await serve(enclave, exchange, new PeerMemory({ maxOwners }), options)
  const random = (): string => randomBytes(16).toString('hex')
  const quorumOf = ({ id, memoryIds }: Register): WatchedQuorum => {
    const lines = options.peers.map(
      (address, i) => new PeerLine({ exchange, address, memoryId: memoryIds[i]!, register: toHex(id) }),
    )
    return {
      peers: lines,
      random,
      again,
      hasLost: async () => (await Promise.all(lines.map((line) => line.isLost()))).includes(true),
      close: async () => void (await Promise.all(lines.map((line) => line.close()))),
    }
  }
  try {
    const file = sealedFile(options.file, options.sealingKey, 'quorum')
    const met = { peers: options.peers, exchange }
    const wait = patience(enrolMs)
    const { incarnation, ...roster } = await enrol(file, {
      ...met,
      again(tries) {
        if (tries === 1) log.info(listener.address, 'quorum waits for its peers')
        return wait(tries)
      },
    })
    log.info({ peers: options.peers.length, memoryId: toHex(enclave.boot), ...listener.address }, 'quorum')
    const register = movingRegister({
      roster,
      save: (next) => saveEnrolment(file, { incarnation, ...next }),
      quorumOf,
      choose: () =>
        chooseRegister({ ...met, again: async () => false }).catch((error) => {
          log.warn(loggable(asDcmlError(error)), 'quorum has lost a peer, and moves on once all answer')
          return undefined
        }),
    })
    const lookAfter = async (): Promise<boolean> => {
      const moved = await register.lookAfter()
      if (moved) log.info({ peers: options.peers.length }, 'quorum moved to the peers of now')
      return moved
    }
    const watch = setInterval(
      () => void lookAfter().catch((error) => log.warn(loggable(asDcmlError(error)), 'quorum')),
      WATCH_MS,
    )
    return {
      name: 'quorum',
      environment: tee.environment,
      incarnation,
      address: listener.address,
      read: register.read,
      advance: register.advance,
      lookAfter,
      async close() {
        clearInterval(watch)
        await register.close()
        await stop(listener)
      },
    }
  } catch (error) {
    await stop(listener)
    throw error
  }
}

async function serve(
  enclave: Enclave,
  exchange: PeerExchange,
  memory: PeerMemory,
  { listen: where, log, clock = Date.now }: QuorumOptions,
): Promise<Listener> {
  const app = createApp(({ error, ms: _, ...line }) =>
    log.debug({ ...line, ...(error && { error: loggable(error) }) }, 'peer'),
  ).route('/dcml/v1', quorumRoutes({ exchange, memory, clock }))
  const server = createServer(
    {
      ...enclave.tls,
      headersTimeout: 10_000,
      requestTimeout: 15_000,
      handshakeTimeout: 10_000,
      keepAliveTimeout: 600_000,
    },
    getRequestListener(app.fetch, { overrideGlobalObjects: false }),
  )
  server.maxConnections = 1024
  return listen(server, where)
}

async function stop(listener: Listener): Promise<void> {
  const drained = listener.drain()
  listener.cut()
  await drained
}

/** Waits longer each time, and never as long as another copy that began with this one. */
const patience =
  (most: number) =>
  async (tries: number): Promise<boolean> => {
    const waits = (n: number): number => Math.min(2000, 50 * 2 ** (n - 1))
    let waited = 0
    for (let n = 1; n < tries; n++) waited += waits(n)
    if (waited >= most) return false
    await new Promise((resolve) => setTimeout(resolve, waits(tries) * (0.5 + Math.random() / 2)))
    return true
  }
