// `set_sk` and `request_sk` (paper §4). Both are safe for anyone to call: the first is judged by whether the key opens
// the model, the second hands a key to nobody but a verified enclave of the same image.
import type { TLSSocket } from 'node:tls'
import { parseAttestRequest } from '@dcml/attestation'
import type { PeerExchange } from '@dcml/attestation/node'
import { type Chain, DcmlError, decodeKeyGrant, fromBase64url, fromHex, type KeyGrant, toHex } from '@dcml/protocol'
import type { HttpBindings } from '@hono/node-server'
import { Hono } from 'hono'
import * as v from 'valibot'
import { parseJson, readBody } from '../api/body.ts'
import type { ModelHost } from '../model/host.ts'
import { passKey } from './pass.ts'
import { PassLimits } from './pass-limits.ts'
import type { KeyOrigin, KeyStore } from './store.ts'

/** Room for a grant and a peer's evidence in base64url. */
const MAX_SET_SK_BYTES = 2 * 1024 * 1024
const MAX_REQUEST_SK_BYTES = 4096

const setSkSchema = v.looseObject({
  grant: v.pipe(v.string(), v.maxLength(16_384), v.regex(/^[\w-]+$/)),
  evidence: v.optional(v.looseObject({})),
})
const requestSkSchema = v.looseObject({
  host: v.pipe(v.string(), v.regex(/^[A-Za-z0-9.:-]{1,253}$/)),
  port: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_535)),
  modelH: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
})

export interface KeyRoutesOptions {
  readonly exchange: PeerExchange
  readonly keys: KeyStore
  readonly host: ModelHost
  readonly chain: Chain
  /** The image manifest's word on which models may be served. */
  readonly allows: (modelH: Uint8Array) => boolean
  readonly maxKeyPasses: number
  readonly clock: () => number
  readonly onKey: (event: { modelH: string; origin: KeyOrigin | 'passed-on' }) => void
}

/** Routes below `/dcml/v1` that verifiers, publishers and peers call. */
export function keyRoutes(options: KeyRoutesOptions): Hono<{ Bindings: HttpBindings }> {
  const { exchange, keys, host } = options
  const app = new Hono<{ Bindings: HttpBindings }>()
  const passes = new PassLimits(options.maxKeyPasses, options.clock)

  app.get('/evidence', async (c) => {
    const request = parseAttestRequest(new URL(c.req.url).searchParams)
    const answer = await exchange.attest(c.env.incoming.socket as TLSSocket, request)
    return c.json(answer, 200, { 'cache-control': 'no-store' })
  })

  app.post('/set-sk', async (c) => {
    const request = parseJson(setSkSchema, await readBody(c.env.incoming, MAX_SET_SK_BYTES))
    const grant = decodeKeyGrant(fromBase64url(request.grant))
    try {
      checkGrant(grant, options)
      const origin: KeyOrigin = request.evidence === undefined ? 'publisher' : 'peer'
      if (request.evidence !== undefined) await exchange.admit(c.env.incoming.socket as TLSSocket, request.evidence)
      await takeKey(grant, origin, options)
      const modelH = toHex(grant.domain.subject)
      options.onKey({ modelH, origin })
      return c.json({ modelH, phase: host.state.phase })
    } finally {
      grant.sk.fill(0)
    }
  })

  app.post('/request-sk', async (c) => {
    const request = parseJson(requestSkSchema, await readBody(c.env.incoming, MAX_REQUEST_SK_BYTES))
    // Only what has opened the model here: peers rank a key from an enclave above a stranger's, and else a stranger
    // could have an enclave vouch for his.
    const grant = keys.proven(fromHex(request.modelH))
    if (grant === undefined) throw skMissing()
    try {
      const target = { host: request.host, port: request.port, signal: c.req.raw.signal }
      const entry = { caller: c.env.incoming.socket.remoteAddress ?? '', target: `${target.host} ${target.port}` }
      const answer = await passes.run(entry, () => passKey(exchange, target, grant, options.chain))
      options.onKey({ modelH: request.modelH, origin: 'passed-on' })
      return c.json(answer)
    } finally {
      grant.sk.fill(0)
    }
  })

  return app
}

/**
 * Once a sealed model was named, only keys that open it are taken from strangers. Before that a few are kept unseen. A
 * peer may also give the key of a model that is yet to be named: it ran this image, and had opened it.
 */
async function takeKey(grant: KeyGrant, origin: KeyOrigin, { keys, host }: KeyRoutesOptions): Promise<void> {
  const modelH = grant.domain.subject
  const proven = keys.proven(modelH)
  proven?.sk.fill(0)
  const verdict = proven === undefined ? await host.judge(modelH, grant.sk) : 'unknown'
  if (verdict === 'wrong') throw wrongSk()
  if (verdict === 'other-model' && origin === 'publisher') throw otherModel()
  keys.add(grant, origin, { fits: verdict === 'fits' })
}

function checkGrant(grant: KeyGrant, { chain, allows }: KeyRoutesOptions): void {
  const { networkId, contract, subject } = grant.domain
  if (networkId !== chain.networkId || contract !== chain.contract)
    throw new DcmlError('grant_wrong_chain', 'The key grant is for another chain or contract.', {
      hint: `This enclave serves "${chain.contract}" on "${chain.networkId}".`,
    })
  if (!allows(subject))
    throw new DcmlError('grant_model_refused', 'The image manifest of this enclave does not allow this model.', {
      hint: 'Use an enclave whose manifest lists the model.',
    })
}

const wrongSk = (): DcmlError =>
  new DcmlError('grant_sk_wrong', 'The key does not open the sealed model of this enclave.', {
    hint: 'Give the secret key the model was sealed to.',
  })

const otherModel = (): DcmlError =>
  new DcmlError('grant_other_model', 'The sealed model of this enclave is another one.', {
    hint: 'Ask GET /dcml/v1/model-h which one it is, or have the host load the model of this key.',
  })

const skMissing = (): DcmlError =>
  new DcmlError('sk_missing', 'This enclave has not opened this model.', {
    hint: 'Call request-sk on an enclave that serves the model.',
  })
