import type { PartitionProof } from '@dcml/protocol/por'
import type { Outcome } from '../core/types.ts'
import { buildPartitionProof } from '../routes/partition.ts'
import type { Asker } from './asker.ts'
import { type Answer, attempt, refused, requireTarget } from './attempt.ts'
import { type Chosen, choose, noRoute } from './choose.ts'
import { catchUp, orAborted, untilShown } from './follow.ts'
import { type RequestOptions, readOptions, type Wanted } from './options.ts'

/** What it took. Amounts in yoctoNEAR. */
interface Effort {
  readonly cost: bigint
  /** Paid for waiting, so far; what tries that were left under way still bring is not in it. */
  readonly late: bigint
  /** Requests that were taken up. */
  readonly tries: number
  /** Edges that they broke. */
  readonly cuts: readonly bigint[]
}

interface Disconnected {
  /** `since` in ns since 1970. */
  readonly disconnected: { readonly account: string; readonly since: bigint }
  /** Null where the contract knew before, and the graph shows no reason any more. */
  readonly proof: PartitionProof | null
}

/** The target answered, or it is proven on chain to be cut off. */
export type IsolateResult = ({ readonly response: Answer } & Effort) | (Disconnected & Effort)

/**
 * Asks until there is an answer or nobody can ask any more (§2): every try that breaks leaves the network an edge
 * smaller, and every cut is brought to the chain. The first try is alone, as most silence is not the target’s; after a
 * cut at the target, or two anywhere, the tries go over paths that share no edge, all at once. Each try is a request
 * of its own: a target that answers late may have been asked more than once.
 *
 * Returns at once for a target that is not connected. Tries under way when it returns run on in the node.
 * @throws DcmlError as {@link request}, and what the chain refuses. What was cut stays cut: call again to go on
 */
export async function isolate(
  asker: Asker,
  target: string,
  payload: Uint8Array,
  options: RequestOptions,
): Promise<IsolateResult> {
  const stop = new AbortController()
  const signal = options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal
  const isolation = new Isolation(asker, target, readOptions(options, payload), options.onLate, signal)
  try {
    return await isolation.run()
  } finally {
    stop.abort()
  }
}

class Isolation {
  readonly #asker: Asker
  readonly #target: string
  readonly #wanted: Wanted
  readonly #onLate: ((amount: bigint) => void) | undefined
  readonly #signal: AbortSignal
  readonly #running = new Map<Chosen, Promise<void>>()
  /** Cuts on their way to the chain. */
  readonly #pending = new Set<Promise<void>>()
  /** Own edges whose neighbours refused, at a revision of the graph. */
  #shut = { edges: new Set<bigint>(), revision: 0, reason: '' }
  readonly #cuts = new Set<bigint>()
  #answer: Answer | null = null
  #failure: { readonly error: unknown } | null = null
  #isSuspect = false
  #isStrict = false
  #cost = 0n
  #late = 0n
  #tries = 0

  constructor(
    asker: Asker,
    target: string,
    wanted: Wanted,
    onLate: ((amount: bigint) => void) | undefined,
    signal: AbortSignal,
  ) {
    this.#asker = asker
    this.#target = target
    this.#wanted = wanted
    this.#onLate = onLate
    this.#signal = signal
  }

  async run(): Promise<IsolateResult> {
    for (;;) {
      this.#signal.throwIfAborted()
      if (this.#answer) return { response: this.#answer, ...this.#effort() }
      if (this.#failure) throw this.#failure.error
      const found = await this.#disconnected()
      if (found) return { ...found, ...this.#effort() }
      this.#launch()
      const awaited = [...this.#running.values(), ...this.#pending]
      if (awaited.length === 0) throw this.#stuck()
      const { graph } = this.#asker
      const { revision } = graph
      await untilShown(graph, () => graph.revision !== revision, this.#signal, awaited)
    }
  }

  #effort(): Effort {
    return { cost: this.#cost, late: this.#late, tries: this.#tries, cuts: [...this.#cuts] }
  }

  /** Reports the target where it is cut off and the chain does not know; null while it is connected. */
  async #disconnected(): Promise<Disconnected | null> {
    const { graph, chain, account } = this.#asker
    const since = (): bigint | null => requireTarget(this.#asker, this.#target).isolatedSince
    const known = since()
    const proof = buildPartitionProof(graph, this.#target)
    if (known !== null) return { disconnected: { account: this.#target, since: known }, proof }
    // cut off together with this node, the target may answer yet
    if (proof === null || proof.cut.includes(account)) return null
    const { revision } = graph
    try {
      await orAborted(chain.reportPartition(proof), this.#signal)
    } catch (error) {
      await catchUp(this.#asker, this.#signal)
      if (graph.revision === revision) throw error
      return null
    }
    await catchUp(this.#asker, this.#signal)
    await untilShown(graph, () => since() !== null, this.#signal)
    return { disconnected: { account: this.#target, since: since()! }, proof }
  }

  #launch(): void {
    const { graph } = this.#asker
    if (this.#shut.revision !== graph.revision) this.#shut = { edges: new Set(), revision: graph.revision, reason: '' }
    while (this.#isSuspect || this.#running.size === 0) {
      const chosen = choose(this.#asker, this.#target, this.#left(), this.#taken())
      if (chosen === null) return
      this.#cost += chosen.route.cost
      const run = this.#kept(this.#try(chosen)).finally(() => this.#running.delete(chosen))
      this.#running.set(chosen, run)
    }
  }

  #left(): Wanted {
    return { ...this.#wanted, maxCost: this.#wanted.maxCost - this.#cost }
  }

  /** Edges that no further try may use now: each shall break an edge of its own. */
  #taken(): ReadonlySet<bigint> {
    const taken = new Set([...this.#shut.edges, ...this.#cuts])
    // this node’s own edge is shared while it holds, or a node with one edge could try once at a time only
    for (const { route } of this.#running.keys())
      for (const id of this.#isStrict || route.path.length === 1 ? route.path : route.path.slice(1)) taken.add(id)
    return taken
  }

  async #try(chosen: Chosen): Promise<void> {
    const recipient = requireTarget(this.#asker, this.#target)
    const on = {
      late: (amount: bigint): void => {
        this.#late += amount
        this.#onLate?.(amount)
      },
    }
    const { request, outcome } = await attempt(this.#asker, recipient, chosen, this.#wanted, on, this.#signal)
    if (outcome.kind === 'refused') {
      this.#cost -= chosen.route.cost
      this.#shut.edges.add(chosen.route.path[0]!)
      this.#shut.reason = outcome.reason
      return
    }
    this.#tries++
    if (outcome.kind === 'response') {
      const { response, payload } = outcome
      this.#answer ??= { status: response.body.status, payload, proof: { request, response } }
      return
    }
    this.#suspect(outcome.edgeId)
    // a certificate is as good as the cut: the next try need not wait for the chain, only the proof must
    const shown = this.#kept(this.#bringToChain(outcome)).finally(() => this.#pending.delete(shown))
    this.#pending.add(shown)
  }

  /** What fails before anybody waits for it is found all the same. */
  #kept(work: Promise<void>): Promise<void> {
    return work.catch((error: unknown) => {
      this.#failure ??= { error }
    })
  }

  #suspect(edgeId: bigint): void {
    const edge = this.#asker.graph.edge(edgeId)
    if (this.#cuts.has(edgeId)) this.#isStrict = true
    this.#cuts.add(edgeId)
    this.#isSuspect ||= edge?.u === this.#target || edge?.v === this.#target || this.#cuts.size > 1
  }

  async #bringToChain({ edgeId, cert }: Extract<Outcome, { kind: 'broken' }>): Promise<void> {
    const { graph, chain } = this.#asker
    if (cert) await orAborted(chain.sever(cert), this.#signal)
    await catchUp(this.#asker, this.#signal)
    await untilShown(graph, () => !graph.connects(edgeId), this.#signal)
  }

  #stuck(): Error {
    if (this.#shut.edges.size > 0) return refused(this.#target, this.#shut.reason)
    return noRoute(this.#asker, this.#target, this.#left(), this.#taken())
  }
}
