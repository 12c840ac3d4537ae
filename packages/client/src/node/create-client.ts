import { createHash } from 'node:crypto'
import { type Client, clientOver } from '../client.ts'
import { type ClientOptions, checkOptions } from '../options.ts'
import { nodeTransport } from './transport.ts'

/**
 * Makes a client for one endpoint. Nothing is connected before the first call.
 * @throws DcmlError `client_options_invalid`, `policy_invalid`
 */
export function createClient(options: ClientOptions): Client {
  const settings = checkOptions(options)
  const transport = nodeTransport(settings)
  const client = clientOver({ transport, createHasher: () => createHash('sha256') }, settings)
  if (options.signal?.aborted) client.close()
  options.signal?.addEventListener('abort', () => client.close(), { once: true })
  return client
}
