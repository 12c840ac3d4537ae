import { createHash } from 'node:crypto'
import { type Client, clientOver } from '../client.ts'
import { type ClientOptions, checkOptions } from '../options.ts'
import { type PorRoute, porTransport } from '../por/transport.ts'

/** Options of {@link createPorClient}; `silenceMs` follows from the terms. */
export interface PorClientOptions extends Omit<ClientOptions, 'silenceMs'>, PorRoute {}

/**
 * Makes a client that reaches its enclave over Proof of Response alone: relays see sizes, accounts and times. It carries
 * whole chat completions, paid from a channel that `resumeChannel` takes up, and the request to close it. `endpoint` names
 * the enclave in receipts; nothing connects to it.
 *
 * Calls reject besides with `por_broken`, `por_refused`, `por_call_unsupported`, `sealed_…` and those of the requester.
 * @throws DcmlError `client_options_invalid`, `policy_invalid`
 */
export function createPorClient(options: PorClientOptions): Client {
  const settings = checkOptions(options)
  const transport = porTransport(options, settings)
  const client = clientOver({ transport, createHasher: () => createHash('sha256') }, settings)
  if (options.signal?.aborted) client.close()
  options.signal?.addEventListener('abort', () => client.close(), { once: true })
  return client
}
