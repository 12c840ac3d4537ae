import { randomBytes } from 'node:crypto'
import type { PeerExchange } from '@dcml/attestation/node'
import { bytes32, DcmlError, decode, encode, type Layout, list, option, struct, text, toHex } from '@dcml/protocol'
import type { SealedFile } from '../sealed-file.ts'
import type { PeerAddress } from './line.ts'
import type { Register, Roster } from './moving.ts'

const MOST_PEERS = 31
const register: Layout<Register> = struct({ id: bytes32, memoryIds: list(bytes32, MOST_PEERS) })
const layout = struct({ tag: text(32), incarnation: bytes32, current: register, next: option(register) })
const TAG = 'dcml/quorum/1'

/** Whom an enclave chose to remember its mark, and what tells its device from every other. */
export interface Enrolment extends Roster {
  readonly incarnation: Uint8Array
}

interface EnrolOptions {
  readonly peers: readonly PeerAddress[]
  readonly exchange: PeerExchange
  /** Waits between tries. */
  readonly again: (tries: number) => Promise<boolean>
}

/**
 * What `file` says, or a new enrolment with the processes that answer at `peers` now.
 * @throws DcmlError `quorum_peers_invalid`, `rollback_file_unreadable`, and those of dialling a peer
 */
export async function enrol(file: SealedFile, options: EnrolOptions): Promise<Enrolment> {
  const { length } = options.peers
  if (length < 3 || length > MOST_PEERS || length % 2 === 0)
    throw invalid(`${length} is no number of peers: 2f + 1 of them, at least 3 and at most ${MOST_PEERS}.`)
  const kept = await file.read()
  if (kept !== undefined) return readEnrolment(kept, length)
  const enrolment = { incarnation: fresh(), current: await chooseRegister(options), next: null }
  await saveEnrolment(file, enrolment)
  return enrolment
}

export const saveEnrolment = (file: SealedFile, enrolment: Enrolment): Promise<void> =>
  file.write(encode(layout, { tag: TAG, ...enrolment }))

/** A register at the processes that answer now. @throws DcmlError `quorum_peers_invalid`, and those of dialling a peer */
export async function chooseRegister(options: EnrolOptions): Promise<Register> {
  const memoryIds = await Promise.all(options.peers.map((peer) => meet(peer, options)))
  if (new Set(memoryIds.map(toHex)).size < memoryIds.length) throw invalid('Two of the addresses lead to one peer.')
  return { id: fresh(), memoryIds }
}

/** The boot id of the process at an address, verified. Peers that start together wait for each other here. */
async function meet(peer: PeerAddress, { exchange, again }: EnrolOptions): Promise<Uint8Array> {
  for (let tries = 1; ; tries++)
    try {
      const { socket, result } = await exchange.dial(peer)
      socket.destroy()
      return result.claims.boot
    } catch (error) {
      const mayHelp = DcmlError.isInstance(error) && error.retryable
      if (!mayHelp || !(await again(tries))) throw error
    }
}

function readEnrolment(bytes: Uint8Array, peers: number): Enrolment {
  const { tag, ...enrolment } = decode(layout, bytes)
  if (tag !== TAG) throw invalid(`The enrolment is of the format "${tag}".`)
  const chosen = enrolment.current.memoryIds.length
  if (chosen !== peers) throw invalid(`There are ${peers} addresses for the ${chosen} peers that were chosen.`)
  return enrolment
}

const fresh = (): Uint8Array => Uint8Array.from(randomBytes(32))

const invalid = (message: string): DcmlError =>
  new DcmlError('quorum_peers_invalid', message, {
    hint: 'Name the addresses of the same peers in the same order at every start, each a runtime of its own.',
  })
