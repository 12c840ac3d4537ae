import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from '@dcml/client'
import { DcmlError, toHex } from '@dcml/protocol'
import * as v from 'valibot'
import { interrupted } from './interrupted.ts'

/** A verified host, and the modelH that its evidence names. */
export interface Host {
  readonly client: Client
  readonly model: string
  readonly environment: 'production' | 'development'
}

const stateSchema = v.looseObject({
  phase: v.picklist(['empty', 'key', 'loading', 'ready', 'failed']),
  error: v.optional(v.looseObject({ code: v.pipe(v.string(), v.regex(/^[a-z_]{1,64}$/)) })),
})

/**
 * Verifies a host and waits while its enclave opens its model, which begins when the key arrives.
 * @throws DcmlError `model_not_ready`, those of `Client.fetch`
 */
export async function openHost(connect: () => Client, say: (line: string) => void): Promise<Host> {
  const client = connect()
  try {
    const { claims, environment } = await client.evidence()
    if (claims.modelH !== undefined) return { client, model: toHex(claims.modelH), environment }
    await loaded(client, say)
  } catch (error) {
    client.close()
    throw error
  }
  client.close() // its connection was verified before there was a model: evidence that names one needs another
  return openHost(connect, () => {})
}

async function loaded(client: Client, say: (line: string) => void): Promise<void> {
  for (let first = true; ; first = false) {
    const response = await client.fetch('/dcml/v1/model-h', { signal: interrupted() })
    const { phase, error } = v.parse(stateSchema, await response.json())
    if (phase === 'ready') return
    if (phase !== 'loading') throw notReady(phase, error?.code)
    if (first) say('The enclave is opening its model.')
    await sleep(250, undefined, { signal: interrupted() })
  }
}

function notReady(phase: 'empty' | 'key' | 'failed', code = 'unknown'): DcmlError {
  const [message, hint] = {
    empty: ['The enclave has no model.', 'Its host has to name one: `dcml runtime serve --container`.'],
    key: ['The enclave waits for the key of its model.', 'See `dcml model seed` and `dcml runtime request-sk`.'],
    failed: [`The enclave could not open its model (${code}).`, 'The log of its runtime says more.'],
  }[phase] as [string, string]
  return new DcmlError('model_not_ready', message, { hint, retryable: phase !== 'failed', details: { phase } })
}
