import { randomBytes } from 'node:crypto'
import type { PeerExchange } from '@dcml/attestation/node'
import { bytes32, DcmlError, decode, encode, type Infer, list, struct, text, toHex } from '@dcml/protocol'
import { sealedFile } from '../sealed-file.ts'
import type { PeerAddress } from './line.ts'

const MOST_PEERS = 31
const layout = struct({
  tag: text(32),
  /** Names the mark at the peers. Secret: who knows it, and runs this image, may write. */
  register: bytes32,
  /** Boot ids of the peers' processes, in the order of their addresses. */
  memoryIds: list(bytes32, MOST_PEERS),
})
const TAG = 'dcml/quorum/1'

/** Whom an enclave chose to remember its mark, once and for all. */
export type Enrolment = Omit<Infer<typeof layout>, 'tag'>

/**
 * The enrolment sealed in `file`, or a new one with the processes that answer at `peers` now.
 * @param again waits between tries @throws DcmlError `quorum_peers_invalid`, `rollback_file_unreadable`, and
 * those of dialling a peer
 */
export async function enrol(options: {
  file: string
  sealingKey: Uint8Array
  peers: readonly PeerAddress[]
  exchange: PeerExchange
  again: (tries: number) => Promise<boolean>
}): Promise<Enrolment> {
  const { peers } = options
  requirePeers(peers)
  const file = sealedFile(options.file, options.sealingKey, 'quorum')
  const kept = await file.read()
  if (kept !== undefined) return readEnrolment(kept, peers)
  const memoryIds = await Promise.all(peers.map((peer) => meet(peer, options)))
  if (new Set(memoryIds.map(toHex)).size < peers.length) throw invalid('Two of the addresses lead to one peer.')
  const enrolment = { register: Uint8Array.from(randomBytes(32)), memoryIds }
  await file.write(encode(layout, { tag: TAG, ...enrolment }))
  return enrolment
}

/** The boot id of the process at an address, verified. Peers that start together wait for each other here. */
async function meet(
  peer: PeerAddress,
  { exchange, again }: { exchange: PeerExchange; again: (tries: number) => Promise<boolean> },
): Promise<Uint8Array> {
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

function readEnrolment(bytes: Uint8Array, peers: readonly PeerAddress[]): Enrolment {
  const { tag, register, memoryIds } = decode(layout, bytes)
  if (tag !== TAG) throw invalid(`The enrolment is of the format "${tag}".`)
  if (memoryIds.length !== peers.length)
    throw invalid(`There are ${peers.length} addresses for the ${memoryIds.length} peers that were chosen.`)
  return { register, memoryIds }
}

function requirePeers({ length }: readonly PeerAddress[]): void {
  if (length < 3 || length > MOST_PEERS || length % 2 === 0)
    throw invalid(`${length} is no number of peers: 2f + 1 of them, at least 3 and at most ${MOST_PEERS}.`)
}

const invalid = (message: string): DcmlError =>
  new DcmlError('quorum_peers_invalid', message, {
    hint: 'Name the addresses of the same peers in the same order at every start, each a runtime of its own.',
  })
