import { sha256 } from '@noble/hashes/sha2.js'
import { type Client, clientOver } from '../client.ts'
import { type ClientOptions, checkOptions } from '../options.ts'
import { browserTransport } from './transport.ts'

/**
 * Makes a client for the browser port of one runtime. Nothing is connected before the first call. What it sends is sealed
 * to the enclave that it verified, so `endpoint` may be any host that carries it, over http too.
 *
 * Its calls fail as those of the client of Node do, but for `connection_lost`, `tls_failed` and `attestation_aborted`, and
 * besides with `channel_lost`, `channel_truncated`, `channel_tampered`, `channel_version_unknown`, `headers_too_large`,
 * `secure_context_required` and `browser_unsupported`.
 * @throws DcmlError `client_options_invalid`, `policy_invalid`
 */
export function createClient(options: ClientOptions): Client {
  const settings = checkOptions(options, ['https:', 'http:'])
  const client = clientOver({ transport: browserTransport(settings), createHasher: () => sha256.create() }, settings)
  if (options.signal?.aborted) client.close()
  options.signal?.addEventListener('abort', () => client.close(), { once: true })
  return client
}
