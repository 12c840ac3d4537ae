import { development } from '@dcml/attestation'
import { type Client, type ClientOptions, createClient } from '../src/index.ts'
import type { FakeEnclave } from './fake-enclave.ts'

/** A client that accepts the simulated enclave. */
export const connect = (fake: FakeEnclave, options: Partial<ClientOptions> = {}): Client =>
  createClient({ endpoint: fake.endpoint, policy: development(), roots: fake.roots, ...options })

/** Sends a chat request. */
export const ask = (client: Client, body: object = {}, init: RequestInit = {}): Promise<Response> =>
  client.fetch('/v1/chat/completions', { method: 'POST', body: JSON.stringify({ messages: [], ...body }), ...init })

/** What a rejected promise was rejected with. */
export const errorOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => {
      throw new Error('it did not fail')
    },
    (error: unknown) => error,
  )
