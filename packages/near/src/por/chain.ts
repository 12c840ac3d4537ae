import { DcmlError, equalBytes } from '@dcml/protocol'
import type { GraphFacts, PorChain } from '@dcml/protocol/por'
import * as v from 'valibot'
import { parse } from '../answer.ts'
import type { Near } from '../connection.ts'
import { readEvents } from '../events.ts'
import { sleep } from '../sleep.ts'
import { type PorOptions, paying, until } from './calls.ts'
import { ComingTerms, changeOf, edgeFacts, nodeFacts, tellParams } from './facts.ts'
import { reportPartition } from './partition.ts'
import { type Edge, type Node, type Por, por } from './por.client.ts'

/** {@link PorOptions}; without an account the chain can be read and not called. */
export type PorChainOptions = Omit<PorOptions, 'account'> & Partial<Pick<PorOptions, 'account'>>

/** Blocks that one look at the changes covers. */
const BLOCKS = 50
const NS_PER_MS = 1_000_000n
/** Entries of a page, as many as the contract gives. */
const PAGE = 100

/**
 * The Proof of Response contract as nodes use it (§2, §3). The graph is read at one final block, and kept up by the
 * contract's events, in final blocks only, about two behind the head; all of it is the word of the nodes asked. Calls that
 * were carried out before, by anyone, are done.
 * @throws DcmlError from the calls: `por_refused` with the contract's words, `por_too_early` before paying for a refusal, `por_account_missing` without an account,
 * `por_foreign` for an object that no end of the edge signed, and what reading and `sendTransaction` throw
 */
export function porChain(options: PorChainOptions): PorChain {
  const { near, contract, signal } = options
  const at = por(near, contract)
  const cancel = signal === undefined ? {} : { signal }
  const coming = new ComingTerms()
  const calling = (): PorOptions => {
    const { account } = options
    if (account !== undefined) return { ...options, account }
    throw new DcmlError('por_account_missing', 'There is no account to call the Proof of Response contract with.', {
      hint: 'Give porChain an account.',
    })
  }
  const look = (edge_id: bigint) => at.edge({ edge_id }, cancel)
  /** Which end of an edge a signed object is of. */
  const endOf = async ({ u, v: other }: Edge, key: Uint8Array): Promise<string> => {
    for (const account of [u, other]) {
      const found = await at.node_key({ account }, cancel)
      if (found !== null && equalBytes(found, key)) return account
    }
    throw new DcmlError('por_foreign', `The object is signed by neither ${u} nor ${other}.`, {
      hint: 'Sign with the key that the node registered.',
    })
  }

  let challengeMs: Promise<bigint> | undefined
  /** How long vouchers may come, which no contract changes. */
  const challenge = () => {
    challengeMs ??= at.rules({}, cancel).then(({ challenge_ms }) => challenge_ms)
    challengeMs.catch(() => {
      challengeMs = undefined
    })
    return challengeMs
  }
  /** False for an edge that is over. Asked before the contract would refuse, which costs gas. */
  const isEnding = async (edgeId: bigint, laterMs: bigint): Promise<boolean> => {
    const edge = await look(edgeId)
    if (edge === null) return false
    const from = (edge.ended_at ?? 0n) + laterMs * NS_PER_MS
    if (edge.ended_at && (await blockTime(near, cancel)) < from)
      throw new DcmlError('por_too_early', `Edge ${edgeId} is not to be paid out before ${timeOf(from)}.`, {
        hint: 'Try again then.',
        retryable: true,
      })
    return true
  }

  return {
    chain: { networkId: near.networkId, contract },
    async graph(): Promise<GraphFacts> {
      const { nodes, edges, height } = await wholeGraph(near, at, cancel)
      for (const edge of edges) coming.note(edge)
      return { nodes: nodes.map(nodeFacts), edges: edges.map(edgeFacts), height: BigInt(height) }
    },
    async changes(after) {
      const from = Number(after) + 1
      const query = { contractId: contract, from, blocks: BLOCKS, standard: 'dcml_por', ...cancel }
      const { events, next } = await readEvents(near, query)
      const height = BigInt(next - 1)
      const changes = events.flatMap((logged) => {
        const event = at.parseEvent(logged)
        if (event?.event === 'edge_changed') coming.note(event.data.edge)
        return (event && changeOf(event)) ?? []
      })
      return { changes: [...changes, ...coming.arrived(after, height)], height }
    },
    async sever({ body: { edgeId, domain }, signature }) {
      const how = paying(calling())
      const edge = await look(edgeId)
      if (edge === null || edge.status === 'severed') return
      const by = await endOf(edge, domain.subject)
      await until(
        () => at.sever({ edge_id: edgeId, by, signature }, how),
        async () => (await look(edgeId))?.status === 'severed',
      )
    },
    async submitVoucher({ body: { edgeId, seq, total, domain }, signature }) {
      const how = paying(calling())
      const edge = await look(edgeId)
      if (edge === null) return
      const by = await endOf(edge, domain.subject)
      await until(
        () => at.submit_voucher({ edge_id: edgeId, by, seq, total, signature }, how),
        async () => (await look(edgeId)) === null,
      )
    },
    async updateEdge({ body, signature }, byV) {
      const { edgeId: edge_id, revision, params, effectiveFrom: effective_from } = body
      const terms = { edge_id, revision, params: tellParams(params), effective_from }
      await until(
        () => at.update_edge({ ...terms, signature_u: signature, signature_v: byV.signature }, paying(calling())),
        async () => ((await look(edge_id))?.revision ?? -1) >= revision,
      )
    },
    async startClose(edgeId) {
      await until(
        () => at.start_close({ edge_id: edgeId }, paying(calling())),
        async () => {
          const status = (await look(edgeId))?.status
          return status !== 'active' && status !== 'pending'
        },
      )
    },
    async cooperativeClose({ body, signature }, byV) {
      const { edgeId: edge_id, balanceU: balance_u, balanceV: balance_v, notBefore: not_before } = body
      if (!(await isEnding(edge_id, 0n))) return
      const offer = { edge_id, balance_u, balance_v, not_before }
      await until(
        () => at.cooperative_close({ ...offer, signature_u: signature, signature_v: byV.signature }, paying(calling())),
        async () => (await look(edge_id)) === null,
      )
    },
    async settle(edgeId) {
      if (!(await isEnding(edgeId, await challenge()))) return
      await until(
        () => at.settle({ edge_id: edgeId }, paying(calling())),
        async () => (await look(edgeId)) === null,
      )
    },
    reportPartition: (proof) => reportPartition(at, calling(), proof),
    disconnectedSince: (account) => at.disconnected_since({ account }, cancel),
  }
}

/** Looks at the graph before giving up: behind several nodes, one may not have the block yet that another named. */
const TRIES = 3

async function wholeGraph(near: Near, at: Por, cancel: { signal?: AbortSignal }, tries = TRIES) {
  const height = await finalHeight(near, cancel)
  try {
    const [nodes, edges] = await Promise.all([allNodes(at, height, cancel), allEdges(at, height, cancel)])
    return { nodes, edges, height }
  } catch (error) {
    if (tries === 1 || !DcmlError.isInstance(error) || error.code !== 'near_block_unknown') throw error
    await sleep(500, cancel.signal)
    return wholeGraph(near, at, cancel, tries - 1)
  }
}

const block = v.object({ header: v.object({ height: v.number() }) })
const timed = v.object({ header: v.object({ timestamp_nanosec: v.pipe(v.string(), v.digits()) }) })

async function finalHeight(near: Near, cancel: { signal?: AbortSignal }): Promise<number> {
  return parse(block, await near.request('block', { finality: 'final' }, cancel), 'block').header.height
}

/** Of the newest block, in ns since 1970. */
async function blockTime(near: Near, cancel: { signal?: AbortSignal }): Promise<bigint> {
  const { header } = parse(timed, await near.request('block', { finality: 'optimistic' }, cancel), 'block')
  return BigInt(header.timestamp_nanosec)
}

const timeOf = (ns: bigint): string => new Date(Number(ns / NS_PER_MS)).toISOString()

async function allNodes(at: Por, height: number, cancel: { signal?: AbortSignal }): Promise<Node[]> {
  const all: Node[] = []
  for (let from: number | null = 0; from !== null; ) {
    const page = await at.nodes({ from, limit: PAGE }, { at: height, ...cancel })
    all.push(...page.nodes)
    from = ahead(from, page.next)
  }
  return all
}

async function allEdges(at: Por, height: number, cancel: { signal?: AbortSignal }): Promise<Edge[]> {
  const all: Edge[] = []
  for (let from: bigint | null = 1n; from !== null; ) {
    const page = await at.edges({ from_id: from, limit: PAGE }, { at: height, ...cancel })
    all.push(...page.edges)
    from = ahead(from, page.next)
  }
  return all
}

/** A node that made something up could send its reader in circles. */
function ahead<T extends number | bigint>(from: T, next: T | null | undefined): T | null {
  if (next === null || next === undefined) return null
  if (next > from) return next
  throw new DcmlError('near_answer_invalid', 'A page of the graph leads back to where it began.', {
    hint: 'Ask another node.',
  })
}
