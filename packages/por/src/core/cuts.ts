// Cutting an edge, and learning that one was cut. A signed cut cannot be taken back, so whoever sees one carries it out
// (specification §3; invariant I14).
import { DcmlError, equalBytes } from '@dcml/protocol'
import { requireSigned, type SeverCert, type Signed, severCert, sign } from '@dcml/protocol/por'
import { type Core, keyOf, note } from './core.ts'
import { type Edge, edgeOf } from './edges.ts'
import { withdraw } from './forward.ts'
import { drop, resolve } from './results.ts'

/** Cuts an edge: the requests that went over it end with the proof. */
export function sever(core: Core, edge: Edge, now: number, why: string): void {
  if (edge.isCut) return
  const cert = sign(severCert, core.config.chain, { edgeId: edge.id }, core.signer)
  note(core, 'severed', edge, null, { why })
  publish(core, cert)
  // The neighbour hears of it before the chain tells, where it waits for something.
  const [waiting] = edge.open.values()
  if (waiting !== undefined) show(core, edge, waiting.hash, cert)
  cutOff(core, edge, cert, now)
}

/** Tells the neighbour that the edge between is cut, in answer to a request. */
export function show(core: Core, edge: Edge, requestHash: Uint8Array, cert: Signed<SeverCert>): void {
  if (edge.session !== 'ready') return
  const about = { requestHash, edgeId: edge.id, brokenEdge: edge.id, cert, voucher: null, holds: [] }
  core.out.push({ kind: 'send', edgeId: edge.id, message: { type: 'broken', ...about } })
}

/** Keeps a cut, and has it carried out where the graph does not show it yet. */
export function publish(core: Core, cert: Signed<SeverCert>): void {
  const { edgeId } = cert.body
  const status = core.graph.edge(edgeId)?.status
  if (status === 'severed' || status === 'settled' || core.certs.has(edgeId)) return
  core.certs.set(edgeId, cert)
  core.out.push({ kind: 'keep', record: { kind: 'cut', cert } }, { kind: 'submit', cert })
}

/** Ends what goes on over an edge that is no more. */
export function cutOff(core: Core, edge: Edge, cert: Signed<SeverCert> | null, now: number): void {
  if (edge.isCut) return
  edge.isCut = true
  for (const timer of [edge.tick, edge.watch, edge.batch]) core.timers.clear(timer)
  for (const hop of [...edge.queue.values(), ...edge.outbound.values()])
    resolve(core, hop, { kind: 'broken', edgeId: edge.id, cert, holds: [] }, now)
  // Whoever sent these has its proof: their results are owed to nobody, and must not cost another edge.
  for (const hop of [...edge.open.values()]) {
    if (hop.to !== null) withdraw(hop)
    drop(core, hop)
  }
}

/** Whether a registered endpoint of the edge signed this cut. */
export function isCutBy(core: Core, cert: Signed<SeverCert>): boolean {
  const facts = core.graph.edge(cert.body.edgeId)
  if (facts === null) return false
  const by = [facts.u, facts.v].map((account) => keyOf(core, account))
  const key = by.find((candidate) => equalBytes(candidate, cert.body.domain.subject))
  if (key === undefined) return false
  try {
    requireSigned(severCert, cert, core.config.chain, key, core.verify)
    return true
  } catch (error) {
    if (DcmlError.isInstance(error)) return false
    throw error
  }
}

/** The graph changed at an edge: what waited for one that is gone is told so. */
export function onGraph(core: Core, edgeId: bigint, now: number): void {
  const status = core.graph.edge(edgeId)?.status
  if (status === 'closing' && !core.closing.has(edgeId)) core.closing.set(edgeId, now)
  if (status !== 'severed' && status !== 'settled') return
  core.closing.delete(edgeId)
  const cert = core.certs.get(edgeId) ?? null
  core.certs.delete(edgeId)
  const mine = edgeOf(core, edgeId)
  if (mine !== null) cutOff(core, mine, cert, now)
  for (const edge of core.edges.values())
    for (const hop of [...edge.queue.values(), ...edge.outbound.values()])
      if (hop.path.includes(edgeId)) resolve(core, hop, { kind: 'broken', edgeId, cert, holds: [] }, now, false)
}
