import { porRequest, requestHash, sign } from '@dcml/protocol/por'
import { sha256 } from '@noble/hashes/sha2.js'
import type { Ask } from '../core/types.ts'
import type { Network } from './network.ts'

/** What a requester wants. Durations in ms, amounts in yoctoNEAR. */
export interface Wish {
  readonly to: string
  /** Edges, from the requester's own. */
  readonly path: readonly bigint[]
  readonly payload: Uint8Array
  readonly maxResponse: number
  readonly lateRate: bigint
  readonly service: number
  readonly hold: number
  readonly app: string
}

/** An ask with what follows from its path: τ and X at the requester. */
export interface Prepared {
  readonly ask: Ask
  readonly hash: Uint8Array
  readonly soft: number
  readonly hard: number
}

/** Signs a request, and works out what its path costs and takes. */
export function prepare(network: Network, from: string, wish: Wish): Prepared {
  const { to, path, payload, maxResponse, lateRate, service, hold, app } = wish
  const params = path.map((id) => network.ledger.requireEdge(id).facts.params)
  const bytes = BigInt(payload.length + maxResponse)
  const fee = params.reduce((sum, { baseCost, byteCost }) => sum + baseCost + byteCost * bytes, 0n)
  const request = sign(
    porRequest,
    network.ledger.chain,
    {
      requestId: network.random.bytes(32),
      requester: from,
      recipient: to,
      recipientKey: network.node(to).signer.publicKey,
      payloadHash: sha256(payload),
      payloadLength: payload.length,
      maxResponse,
      lateRate,
      service,
      app,
    },
    network.node(from).signer,
  )
  const soft = params.reduce((sum, { latency }) => sum + 2 * latency, service)
  return { ask: { request, path, payload, hold, fee }, hash: requestHash(request.body), soft, hard: soft + hold }
}
