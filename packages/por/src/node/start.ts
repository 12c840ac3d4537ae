import { randomBytes } from 'node:crypto'
import { DcmlError, equalBytes } from '@dcml/protocol'
import pino from 'pino'
import { Registry } from 'prom-client'
import { createMachine } from '../core/machine.ts'
import type { NodeConfig, Offer } from '../core/types.ts'
import type { Asker } from '../requester/asker.ts'
import { isolate } from '../requester/isolate.ts'
import { request } from '../requester/request.ts'
import { Graph, otherEnd } from '../routes/graph.ts'
import { HoldScores } from '../routes/scores.ts'
import { Ahead } from './ahead.ts'
import { Apps } from './apps.ts'
import { Asks } from './asks.ts'
import { nodeClock } from './clock.ts'
import { muteFor, NODE_DEFAULTS } from './config.ts'
import { Driver } from './driver.ts'
import { Duties } from './duties.ts'
import { Follower } from './follower.ts'
import { createHands } from './hands.ts'
import { Journal, type Opened } from './journal.ts'
import { createVerify, createVerifyLater, type NodeKeys, nodeKeys } from './keys.ts'
import { SESSION_LIMITS } from './limits.ts'
import { createMetrics } from './metrics.ts'
import { Neighbours } from './neighbours.ts'
import { CloseOffers } from './offers-close.ts'
import { UpdateOffers } from './offers-update.ts'
import type { NodeOptions, PorNode } from './options.ts'

/**
 * Starts a node of Proof of Response: it connects to the other ends of its edges, relays, answers and asks.
 * @throws DcmlError `por_key_invalid`, `por_key_foreign` where the contract has another key for the account,
 *   `por_store_busy`, `por_store_damaged`, `por_listen_failed`, and what the chain throws
 */
export async function startNode(options: NodeOptions): Promise<PorNode> {
  const { account, chain } = options
  const keys = nodeKeys(options.key)
  const graph = Graph.from(await chain.graph(), () => BigInt(Date.now()) * 1_000_000n)
  const registered = graph.node(account)?.key
  if (registered !== undefined && !equalBytes(registered, keys.signer.publicKey))
    throw new DcmlError('por_key_foreign', `The contract knows ${account} by another key.`, {
      hint: 'Start the node with the key that it was registered with.',
    })
  const opened = Journal.open(options.store)
  try {
    return await run(options, keys, graph, opened)
  } catch (error) {
    opened.journal.close()
    throw error
  }
}

async function run(
  options: NodeOptions,
  keys: NodeKeys,
  graph: Graph,
  { journal, kept, clock: last }: Opened,
): Promise<PorNode> {
  const { account, chain, listen, log = pino({ name: 'dcml-por' }), metrics: registry = new Registry() } = options
  const apps = new Apps(options.apps ?? {}, log)
  const asks = new Asks()
  const mine = { chain: chain.chain, account, apps: apps.names }
  const config: NodeConfig = { ...NODE_DEFAULTS, mute: muteFor(apps.names), ...options.config, ...mine }
  const clock = nodeClock(last)
  const ahead = new Ahead(createVerify(), createVerifyLater())
  const machine = createMachine(config, { signer: keys.signer, verify: ahead.verify }, graph, kept)
  const metrics = createMetrics(registry, () => ({
    sessions: neighbours.size,
    edges: [...graph.edgesOf(account)].length,
    inflight: machine.inflight,
  }))
  const books = (edgeId: bigint) => machine.edge(edgeId)
  const duties = new Duties({ chain, graph, account, log, best: (edgeId) => books(edgeId)?.best ?? null })
  const offering = {
    ...{ chain, graph, account, signer: keys.signer, log },
    send: (edgeId: bigint, message: Offer) => driver.handle({ kind: 'offer', edgeId, message }),
  }
  const partings = new CloseOffers({ ...offering, books })
  const updates = new UpdateOffers({ ...offering, accepts: options.acceptUpdate })
  const review = (): void => {
    neighbours.reconcile()
    duties.review()
    partings.review()
  }

  const neighbours = new Neighbours({
    account,
    chain: chain.chain,
    graph,
    keys,
    limits: { ...SESSION_LIMITS, ...options.limits },
    log,
    on: {
      connected: (edgeId) => driver.handle({ kind: 'connected', edgeId }),
      disconnected: (edgeId) => driver.handle({ kind: 'disconnected', edgeId }),
      message: (edgeId, message) => driver.handle({ kind: 'message', edgeId, message }),
      ahead: (messages) => ahead.check(messages),
      closed: (code) => metrics.closed(code),
    },
  })

  const carryOut = createHands({
    neighbours,
    apps,
    asks,
    duties,
    partings,
    updates,
    metrics,
    log,
    answered: (hash, answer) =>
      driver.handle({
        requestHash: hash,
        ...(answer === null ? { kind: 'unanswered' } : { kind: 'answer', ...answer }),
      }),
  })
  const stopped = Promise.withResolvers<DcmlError | null>()
  const driver = new Driver({
    machine,
    store: journal,
    clock,
    log,
    carryOut,
    offended: (edgeId) => neighbours.drop(edgeId, 'por_message_unhandled'),
    synced: metrics.synced,
    failed: (error) => {
      log.fatal({ err: error }, 'the node stops: it can promise nothing any more')
      void stop(DcmlError.isInstance(error) ? error : unexpected(error))
    },
  })
  const follower = new Follower({
    chain,
    graph,
    period: options.poll ?? 1000,
    log,
    changed: (edges) => {
      for (const edgeId of edges) driver.handle({ kind: 'edge', edgeId })
      review()
    },
  })
  const asker: Asker = {
    account,
    graph,
    chain: follower.chain,
    signer: keys.signer,
    scores: new HoldScores(),
    ask: (ask, on, signal) => asks.wait(ask, on, signal, () => driver.handle({ kind: 'ask', ask })),
    random: (length) => Uint8Array.from(randomBytes(length)),
  }

  let stopping: Promise<void> | undefined
  const stop = (why: DcmlError | null): Promise<void> => {
    stopping ??= (async () => {
      follower.close()
      duties.close()
      partings.close()
      updates.close()
      apps.close()
      asks.close(why ?? undefined)
      neighbours.close()
      if (why === null) await driver.stop()
      journal.close()
      stopped.resolve(why)
    })()
    return stopping
  }

  let address: PorNode['address'] = null
  try {
    if (listen) address = await neighbours.listen(listen.host, listen.port)
  } catch (error) {
    await stop(null)
    throw error
  }
  driver.handle({ kind: 'wake' })
  review()
  return {
    account,
    address,
    graph,
    asker,
    request: (target, payload, how) => request(asker, target, payload, how),
    isolate: (target, payload, how) => isolate(asker, target, payload, how),
    edges: () =>
      Array.from(graph.edgesOf(account), (edge) => ({
        id: edge.id,
        peer: otherEnd(edge, account),
        status: edge.status,
        connected: neighbours.isConnected(edge.id),
        params: edge.params,
        books: books(edge.id),
        offered: updates.offered(edge.id),
      })),
    cut: (edgeId) => driver.handle({ kind: 'cut', edgeId }),
    offerUpdate: (edgeId, params, effectiveFrom) => updates.offer(edgeId, params, effectiveFrom).body,
    acceptUpdate: (edgeId, terms) => updates.accept(edgeId, terms),
    stopped: stopped.promise,
    close: () => stop(null),
  }
}

const unexpected = (cause: unknown): DcmlError =>
  new DcmlError('por_node_failed', 'The node stopped after an error that it does not know.', {
    hint: 'Start it again from its store, and report the error.',
    cause,
  })
