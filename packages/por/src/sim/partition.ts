// Who is cut off (specification §4): proven by certificate, reimbursed to the outside, ended by a path back.
import type { PartitionProof } from '@dcml/protocol/por'
import { type Ledger, type NodeRecord, refuse } from './ledger.ts'

const invalid = (message: string) => refuse('por_partition', message, 'Build the proof from the graph as it is now.')

/**
 * Marks `cut` as disconnected. Each of its nodes that was not so yet loses σ of its stake where an edge out of `cut`
 * was severed within the window: who left cleanly loses nothing.
 * @throws DcmlError `por_partition`
 */
export function reportPartition(ledger: Ledger, { cut, witness, tree }: PartitionProof): void {
  const inside = new Set(cut)
  const outside = new Set(witness)
  const areSets = inside.size > 0 && inside.size === cut.length && outside.size === witness.length
  if (!areSets || witness.some((account) => inside.has(account)))
    throw invalid('The two sets must be sets, without a common node.')
  let wasCut = false
  for (const account of cut)
    for (const id of ledger.requireNode(account).edges) {
      const { facts, wasCut: isCut, endedAt } = ledger.edges.get(id)!
      if (inside.has(facts.u) && inside.has(facts.v)) continue
      if (ledger.isActive(id)) throw invalid(`Edge ${id} connects ${account} with the outside.`)
      wasCut ||= isCut && ledger.now <= endedAt + ledger.rules.reimbursement
    }
  requireTree(ledger, witness, tree)
  if (stakeOf(ledger, witness) <= stakeOf(ledger, cut)) throw invalid('The witness has no more stake than the cut.')
  for (const account of cut) isolate(ledger, ledger.requireNode(account), wasCut)
}

/** Gives the outer end of a cut edge its half of the penalty, from the isolated end's bond, then its stake. */
export function claimReimbursement(ledger: Ledger, id: bigint): void {
  const edge = ledger.requireEdge(id, 'severed', 'settled')
  const ends = [ledger.requireNode(edge.facts.u), ledger.requireNode(edge.facts.v)] as const
  const isIsolated = ends.map((node) => node.facts.isolatedSince !== null)
  if (!edge.wasCut || edge.escrow === 0n || edge.reimbursed || isIsolated[0] === isIsolated[1])
    throw refuse(
      'por_no_claim',
      `Nobody is to be reimbursed for edge ${id}.`,
      'One end must be isolated, the other not.',
    )
  const guilty = isIsolated[0] ? 0 : 1
  const half = ledger.rules.penalty / 2n
  const fromBond = half < edge.bonds[guilty] ? half : edge.bonds[guilty]
  const { stake } = ends[guilty].facts
  const fromStake = half - fromBond < stake ? half - fromBond : stake
  edge.bonds[guilty] -= fromBond
  edge.reimbursed = true
  if (fromStake > 0n) ledger.changeNode(ends[guilty], { stake: stake - fromStake })
  ledger.credit(ends[1 - guilty]!.facts.account, fromBond + fromStake)
}

/** Ends an isolation. @param path connecting edges, to a node that is not isolated */
export function reportReconnect(ledger: Ledger, account: string, path: readonly bigint[]): void {
  const node = ledger.requireNode(account)
  let at = account
  for (const id of path) {
    const edge = ledger.edge(id)
    if (edge === null || !ledger.isActive(id) || (edge.u !== at && edge.v !== at))
      throw refuse('por_path', `Edge ${id} does not go on from ${at}.`, 'Give edges that connect, one after the other.')
    at = edge.u === at ? edge.v : edge.u
  }
  const since = node.facts.isolatedSince
  if (since === null || ledger.requireNode(at).facts.isolatedSince !== null)
    throw refuse('por_path', `The path does not lead ${account} out of an isolation.`, 'End it at a connected node.')
  node.former = { since, clearedAt: ledger.now }
  ledger.changeNode(node, { isolatedSince: null })
}

function isolate(ledger: Ledger, node: NodeRecord, slashed: boolean): void {
  const { stake, isolatedSince } = node.facts
  if (isolatedSince !== null) return
  const slash = slashed ? (stake * ledger.rules.slashBps) / 10_000n : 0n
  const { former } = node
  const isBack = former !== null && ledger.now <= former.clearedAt + ledger.rules.reimbursement
  ledger.treasury += slash
  ledger.changeNode(node, { stake: stake - slash, isolatedSince: isBack ? former.since : ledger.timestamp })
}

function requireTree(ledger: Ledger, witness: readonly string[], tree: readonly bigint[]): void {
  if (tree.length !== witness.length - 1) throw invalid('The tree does not connect the witness.')
  const reached = new Set(witness.slice(0, 1))
  for (const [at, id] of tree.entries()) {
    const edge = ledger.edge(id)
    const next = witness[at + 1]!
    if (edge === null || !ledger.isActive(id)) throw invalid(`Edge ${id} of the tree does not connect.`)
    const other = edge.u === next ? edge.v : edge.v === next ? edge.u : undefined
    if (other === undefined || !reached.has(other)) throw invalid(`Edge ${id} does not join ${next} to the tree.`)
    reached.add(next)
  }
}

const stakeOf = (ledger: Ledger, accounts: readonly string[]): bigint =>
  accounts.reduce((sum, account) => sum + ledger.requireNode(account).facts.stake, 0n)
