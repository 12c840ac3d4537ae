import type { PartitionProof } from '@dcml/protocol/por'
import { tgas } from '../contract/contract.ts'
import { type PorOptions, paying, until } from './calls.ts'
import type { Por } from './por.client.ts'
import { MARK_STORAGE, PROOF_STORAGE } from './storage.ts'

/** Nodes that one call can declare cut off. */
const MOST_CUT = 24
/** Nodes that a call names at most: with these the gas stays below the 300 Tgas that every wallet and node allows for. */
const AT_ONCE = 64
/** A node takes 0.6 to 0.9 Tgas, and more with dozens of edges; what is not used comes back. */
const gasFor = (nodes: number): bigint => tgas(30 + 4 * nodes)

/**
 * Proves nodes to be cut off (§2), in one call where its gas allows for it, else in several with storage that comes back.
 * @throws DcmlError `por_refused` with the contract's words
 */
export async function reportPartition(at: Por, options: PorOptions, proof: PartitionProof): Promise<void> {
  if (await allIsolated(at, proof.cut)) return
  for (const cut of await parts(at, proof.cut)) {
    const one = { ...proof, cut }
    if (cut.length <= MOST_CUT && cut.length + proof.witness.length <= AT_ONCE) await reportAtOnce(at, options, one)
    else await reportInChunks(at, options, one)
  }
}

/** The connected parts of a cut, each from one node on: every other has an edge to one before it. */
async function parts(at: Por, cut: readonly string[]): Promise<string[][]> {
  if (cut.length === 1) return [[...cut]]
  const left = new Set(cut)
  const found: string[][] = []
  for (const first of cut) {
    if (!left.delete(first)) continue
    const part = [first]
    for (const account of part)
      for (const { u, v, status } of await at.edges_of({ account })) {
        const other = u === account ? v : u
        if (status === 'active' && left.delete(other)) part.push(other)
      }
    found.push(part)
  }
  return found
}

async function reportAtOnce(at: Por, options: PorOptions, proof: PartitionProof): Promise<void> {
  await until(
    () => at.report_partition(proof, paying(options, 0n, gasFor(proof.cut.length + proof.witness.length))),
    () => allIsolated(at, proof.cut),
  )
}

/** Collects the nodes, then checks each again, then declares them (the contract's README says why that is sound). */
async function reportInChunks(at: Por, options: PorOptions, { cut, witness, tree }: PartitionProof): Promise<void> {
  const marked = new Set<string>()
  const room = BigInt(cut.length + witness.length)
  const storage = PROOF_STORAGE + room * MARK_STORAGE
  const { value: proof_id } = await at.start_partition({}, paying(options, storage))
  const how = paying(options, 0n, gasFor(AT_ONCE))
  const report = async () => {
    for (let from = 0; from < witness.length; from += AT_ONCE) {
      const to = from + AT_ONCE
      // the very first witness hangs on none
      const edges = tree.slice(Math.max(from - 1, 0), to - 1)
      await at.collect_partition({ proof_id, cut: [], witness: witness.slice(from, to), tree: edges }, how)
      for (const account of witness.slice(from, to)) marked.add(account)
    }
    for (const chunk of chunks(cut, AT_ONCE)) {
      await at.collect_partition({ proof_id, cut: chunk, witness: [], tree: [] }, how)
      for (const account of chunk) marked.add(account)
    }
    for (const chunk of chunks(witness, AT_ONCE)) {
      await at.check_partition({ proof_id, cut: [], witness: chunk }, how)
      for (const account of chunk) marked.delete(account)
    }
    for (const chunk of chunks(cut, AT_ONCE)) await at.check_partition({ proof_id, cut: chunk, witness: [] }, how)
    for (const accounts of chunks(cut, MOST_CUT)) {
      await at.finish_partition({ proof_id, accounts }, how)
      for (const account of accounts) marked.delete(account)
    }
  }
  const drop = async () => {
    const left = marked.size > 0 ? chunks([...marked], AT_ONCE) : [[]]
    for (const accounts of left) await at.drop_partition({ proof_id, accounts }, how)
  }
  const reportOrDrop = () =>
    report().catch(async (error: unknown) => {
      // why it failed says more than that the storage could not be fetched either
      await drop().catch(() => {})
      throw error
    })
  await until(reportOrDrop, () => allIsolated(at, cut))
}

const allIsolated = async (at: Por, cut: readonly string[]): Promise<boolean> => {
  for (const account of cut) if ((await at.disconnected_since({ account })) === null) return false
  return true
}

function chunks(all: readonly string[], size: number): string[][] {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, at) => all.slice(at * size, (at + 1) * size))
}
