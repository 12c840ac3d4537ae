// A network for tests that consists of its outcomes: honest nodes pass on, mute ones are cut off by the node before.

import { DcmlError } from '@dcml/protocol'
import {
  type EdgeFacts,
  type GraphChange,
  type GraphFacts,
  type NodeSigner,
  type PartitionProof,
  type PorChain,
  porResponse,
  requestHash,
  severCert,
  sign,
} from '@dcml/protocol/por'
import { sha256 } from '@noble/hashes/sha2.js'
import type { Ask, Outcome } from '../core/types.ts'
import { Graph } from '../routes/graph.ts'
import { buildPartitionProof } from '../routes/partition.ts'
import type { Asker } from './asker.ts'

const CHAIN = { networkId: 'test', contract: 'por.test' }
const signer: NodeSigner = { publicKey: new Uint8Array(32), sign: (message) => new Uint8Array(64).fill(message.length) }

export interface FakeOptions {
  /** Nodes that take requests and say nothing. */
  readonly mute?: readonly string[]
  /** Reason with which own edges are refused. */
  readonly refuse?: ReadonlyMap<bigint, string>
  /** Turns that a try over a path takes. */
  readonly turns?: (ask: Ask) => number
  /** Paid for waiting, with every try. */
  readonly late?: bigint
  /** The node hears of changes on chain by itself only. */
  readonly isSlow?: boolean
}

/** What happened, and a requester on it. */
export interface Fake {
  readonly asker: Asker
  readonly asks: readonly Ask[]
  /** Most that were under way at once. */
  readonly most: number
  readonly severed: readonly bigint[]
  readonly proofs: readonly PartitionProof[]
  /** Changes the graph on chain. */
  change(change: GraphChange): void
  /** Hands what the chain knows to the node’s graph. */
  hear(): void
}

export function fake(account: string, facts: GraphFacts, options: FakeOptions = {}): Fake {
  const truth = Graph.from(facts, () => 1n)
  const graph = Graph.from(facts, () => 1n)
  const log: GraphChange[] = []
  const seen = { asks: [] as Ask[], most: 0, severed: [] as bigint[], proofs: [] as PartitionProof[] }
  let underWay = 0

  const change = (next: GraphChange): void => {
    truth.apply(next)
    log.push(next)
  }
  const changes: PorChain['changes'] = async (after) => ({
    changes: log.slice(Number(after - facts.height)),
    height: facts.height + BigInt(log.length),
  })
  const chain: Pick<PorChain, 'chain' | 'changes' | 'sever' | 'reportPartition'> = {
    chain: CHAIN,
    changes: options.isSlow ? async (after) => ({ changes: [], height: after }) : changes,
    sever: async ({ body }) => {
      const edge = truth.edge(body.edgeId)!
      if (edge.status === 'active') change({ kind: 'edge', edge: { ...edge, status: 'severed' } })
      seen.severed.push(body.edgeId)
    },
    reportPartition: async (proof) => {
      const own = buildPartitionProof(truth, proof.cut[0]!)
      if (own?.cut.toSorted().join() !== proof.cut.toSorted().join())
        throw new DcmlError('por_partition', 'An edge leaves the cut.', { hint: 'Build it anew.' })
      seen.proofs.push(proof)
      for (const name of proof.cut) change({ kind: 'node', node: { ...truth.node(name)!, isolatedSince: 7n } })
    },
  }

  /** Edges with the node at their far end. */
  const walk = (path: readonly bigint[]): { edge: EdgeFacts; to: string }[] => {
    let at = account
    return path.map((id) => {
      const edge = truth.edge(id)!
      at = edge.u === at ? edge.v : edge.u
      return { edge, to: at }
    })
  }
  const answer = ({ request, payload }: Ask): Outcome => {
    const hash = requestHash(request.body)
    const fields = { requestHash: hash, status: 0, payloadHash: sha256(payload), payloadLength: payload.length }
    return { kind: 'response', response: sign(porResponse, CHAIN, fields, signer), payload, holds: [] }
  }
  const outcome = (ask: Ask): Outcome => {
    const reason = options.refuse?.get(ask.path[0]!)
    if (reason !== undefined) return { kind: 'refused', reason }
    const way = walk(ask.path)
    const gone = way.find(({ edge }) => !truth.connects(edge.id))
    if (gone) return { kind: 'broken', edgeId: gone.edge.id, cert: null, holds: [] }
    const silent = way.find(({ to }) => options.mute?.includes(to))
    if (!silent) return answer(ask)
    const cert = sign(severCert, CHAIN, { edgeId: silent.edge.id }, signer)
    return { kind: 'broken', edgeId: silent.edge.id, cert, holds: [] }
  }

  const asker: Asker = {
    account,
    graph,
    chain: chain as PorChain,
    signer,
    async ask(ask, on) {
      seen.asks.push(ask)
      seen.most = Math.max(seen.most, ++underWay)
      for (let turn = options.turns?.(ask) ?? 0; turn > 0; turn--) await Promise.resolve()
      underWay--
      const result = outcome(ask)
      if (options.late && result.kind !== 'refused') on.late(options.late)
      return result
    },
    random: (length) => new Uint8Array(length).fill(seen.asks.length),
  }
  const hear = (): void => graph.follow({ changes: log, height: facts.height + BigInt(log.length) })
  return {
    ...seen,
    asker,
    change,
    hear,
    get most() {
      return seen.most
    },
  }
}
