import type { WatchedChannel } from '@dcml/channels'
import type { NearAccount } from '@dcml/near'
import { type Chain, DcmlError } from '@dcml/protocol'
import type { Logger } from 'pino'

/** How often, how long, and when to ring; all in milliseconds. */
export interface Times {
  /** Between looks at a node. Default 5 s. */
  readonly pollMs: number
  /** Between attempts of one task. Default 30 s. */
  readonly retryMs: number
  /** For one answer of an enclave, and for a node to prove a close. Default 30 s. */
  readonly answerMs: number
  /** Warnings begin when so little of the challenge period is left. Default 12 hours. */
  readonly warnBeforeMs: number
  /** … and become urgent. Default 3 hours. */
  readonly urgentBeforeMs: number
  /** Longest time without a new block of any node before that is an alarm. Default 10 minutes. */
  readonly blindAfterMs: number
}

export const TIMES: Times = {
  pollMs: 5_000,
  retryMs: 30_000,
  answerMs: 30_000,
  warnBeforeMs: 12 * 3_600_000,
  urgentBeforeMs: 3 * 3_600_000,
  blindAfterMs: 600_000,
}

export interface WatcherServiceOptions {
  /** The model's contract, and the network it is on. */
  readonly chain: Chain
  /**
   * JSON-RPC URLs. Each node is read on its own and each may raise a task, so that one honest node among them is
   * enough: a node that hides a close or makes up an end hides it from nobody else.
   */
  readonly nodes: readonly string[]
  /** Pays the gas of answers, about 0.001 NEAR each. It needs no other right, and no other watcher may use its key. */
  readonly account: NearAccount
  /** Block height to read from where there is no state yet: that of the contract's deployment, or of the first opening. */
  readonly from: number
  /** File to go on from after a restart. It holds public facts; without it, reading begins at `from` each time. */
  readonly state?: string
  /** Provider accounts to watch for. Default: all of the contract. */
  readonly hosts?: readonly string[]
  /**
   * Where the enclave of a provider answers: its admin port (`http://127.0.0.1:9443`), best for a host of its own, as no
   * stranger can keep the line there full; or the attested port (`https://host:port`). Default: the endpoint that the
   * provider registered, if it is https.
   */
  readonly enclaves?: Readonly<Record<string, string>>
  /** Also does what anyone may do so that channels end: expires those past their time, finishes unanswered ones. */
  readonly finish?: boolean
  /** Where `/healthz` and `/metrics` are served, in the clear. Default: nowhere. */
  readonly listen?: { readonly host: string; readonly port: number }
  readonly times?: Partial<Times>
  /** Unix time in milliseconds. Default `Date.now`. */
  readonly clock?: () => number
  /** Default: JSON lines on standard output. */
  readonly logger?: Logger
  /** Stops the watcher as `close` does. */
  readonly signal?: AbortSignal
}

/** A watcher at work. */
export interface WatcherService {
  /** Of `/healthz` and `/metrics`. */
  readonly address: { readonly host: string; readonly port: number } | undefined
  /** Channels that are not closed, as the nodes say. */
  channels(): readonly WatchedChannel[]
  /** Lets go of what is under way, writes the state and stops. Nothing is lost: a later start takes it up again. */
  close(): Promise<void>
}

/** @throws DcmlError `watcher_enclave_invalid`, `watcher_options_invalid` */
export function resolveTimes({ times, enclaves = {}, from, nodes }: WatcherServiceOptions): Times {
  for (const [provider, url] of Object.entries(enclaves))
    if (!/^https?:$/.test(URL.parse(url)?.protocol ?? ''))
      throw new DcmlError('watcher_enclave_invalid', `The enclave of ${provider} has no http or https URL.`, {
        hint: 'Write http://127.0.0.1:port for the admin port, https://host:port for the attested port.',
      })
  const resolved = { ...TIMES, ...times }
  const whole = [from, ...Object.values(resolved)].every((value) => Number.isSafeInteger(value) && value >= 0)
  if (!whole || nodes.length === 0)
    throw new DcmlError(
      'watcher_options_invalid',
      'A watcher wants nodes, and whole numbers of ms and of the height.',
      {
        hint: 'Correct the options.',
      },
    )
  return resolved
}
