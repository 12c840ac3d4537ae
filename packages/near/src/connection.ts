import { DcmlError } from '@dcml/protocol'
import { JsonRpcProvider } from 'near-api-js'
import { nearError } from './errors.ts'
import { sleep } from './sleep.ts'

/** Where and how to ask. */
export interface NearOptions {
  /** `mainnet`, `testnet`, or the chain id of a development chain: what signatures and proofs are bound to. */
  readonly networkId: string
  /** JSON-RPC URLs, best first; the next is asked when one is unreachable or behind. */
  readonly nodes: string | readonly string[]
  /** Milliseconds one attempt may take. Default 20,000. */
  readonly timeoutMs?: number
  /** Rounds over all nodes before giving up. Default 3, with 200 ms, 400 ms … between them. */
  readonly rounds?: number
}

/** For anything that waits. */
export interface Cancellable {
  readonly signal?: AbortSignal
}

/**
 * A connection to NEAR: asks nodes in turn, repeats what may be repeated, and gives every failure a stable code.
 */
export interface Near {
  readonly networkId: string
  /**
   * One JSON-RPC method, by name. Meant for reads: it is repeated, and asked of other nodes, where that can help.
   * @throws DcmlError `near_unreachable`, `near_timeout`, `near_node_busy` (all retryable), or what the node's answer
   * means: `near_account_unknown`, `near_contract_missing`, `near_code_unknown`, `near_method_missing`,
   * `near_contract_failed`, `near_block_unknown`, `near_transaction_unknown`, `near_transaction_refused`, `near_not_final`,
   * `near_request_invalid`, `near_rpc_refused`; `near_cancelled` after `signal`
   */
  request(method: string, params: unknown, options?: Cancellable): Promise<unknown>
  /** How often, and where, {@link request} would try: the nodes in order, in rounds with a pause between them. */
  attempts(options?: Cancellable): AsyncIterable<Attempt>
}

/** One try at one node, without repetition: for what must know whether an earlier try may have been heard. */
export type Attempt = (method: string, params: unknown) => Promise<unknown>

/** The block a read looks at: a finality, or one block by height or hash. */
export type At = 'optimistic' | 'near-final' | 'final' | number | string

const finalities = new Set<At>(['optimistic', 'near-final', 'final'])

/** RPC's block reference for an {@link At}. */
export const blockReference = (at: At): { finality: At } | { block_id: At } =>
  finalities.has(at) ? { finality: at } : { block_id: at }

/** @throws DcmlError `near_nodes_missing` without a node, or with one that is no http(s) URL */
export function connectNear(options: NearOptions): Near {
  const { networkId, timeoutMs = 20_000, rounds = 3 } = options
  const urls = typeof options.nodes === 'string' ? [options.nodes] : options.nodes
  for (const [index, text] of urls.entries()) {
    const url = URL.parse(text)
    // not shown: providers put keys into it
    if (url === null || !/^https?:$/.test(url.protocol) || url.username + url.password !== '')
      throw new DcmlError('near_nodes_missing', `Node ${index + 1} of ${urls.length} is not the URL of a NEAR node.`, {
        hint: 'Give an http or https URL without user and password, such as https://rpc.mainnet.near.org.',
      })
  }
  if (urls.length === 0)
    throw new DcmlError('near_nodes_missing', 'No NEAR node was named.', { hint: 'Give at least one JSON-RPC URL.' })
  // one attempt each: which failures to repeat, and where, is decided here, over all nodes
  const providers = urls.map((url) => new JsonRpcProvider({ url }, { retries: 1 }))

  async function* attempts({ signal }: Cancellable = {}): AsyncGenerator<Attempt> {
    for (let round = 0; round < rounds; round++) {
      if (round > 0) await sleep(200 * 2 ** (round - 1), signal)
      for (const [index, provider] of providers.entries()) {
        if (signal?.aborted) await sleep(0, signal)
        yield (method, params) =>
          within(timeoutMs, signal, method, provider.sendJsonRpc(method as 'query', params as never)).catch((cause) => {
            throw nearError(cause, method, urls[index])
          })
      }
    }
  }

  return {
    networkId,
    attempts,
    async request(method, params, options) {
      let last: unknown
      for await (const attempt of attempts(options)) {
        try {
          return await attempt(method, params)
        } catch (error) {
          if (!(error as DcmlError).retryable) throw error
          last = error
        }
      }
      throw last
    },
  }
}

/** near-api-js takes no signal: the request is left to itself, its answer unread. */
async function within<T>(ms: number, signal: AbortSignal | undefined, what: string, answer: Promise<T>): Promise<T> {
  answer.catch(() => {})
  const stop = new AbortController()
  const limit = sleep(ms, signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal])).then(() => {
    throw new DcmlError('near_timeout', `${what}: no answer within ${ms} ms.`, {
      hint: 'Name another node, or raise timeoutMs.',
      retryable: true,
    })
  })
  limit.catch(() => {})
  try {
    return await Promise.race([answer, limit])
  } finally {
    stop.abort()
  }
}
