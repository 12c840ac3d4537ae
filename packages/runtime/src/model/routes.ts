import { createHash, timingSafeEqual } from 'node:crypto'
import { DcmlError, toHex } from '@dcml/protocol'
import type { HttpBindings } from '@hono/node-server'
import { Hono, type MiddlewareHandler } from 'hono'
import * as v from 'valibot'
import { parseJson, readBody } from '../api/body.ts'
import type { ModelHost, ModelState } from './host.ts'

const loadSchema = v.looseObject({ path: v.pipe(v.string(), v.minLength(1), v.maxLength(4096)) })

/** The state as the host may see it. */
export function hostState(state: ModelState): Record<string, unknown> {
  switch (state.phase) {
    case 'empty':
      return { phase: 'empty' }
    case 'key':
      return { phase: 'key', modelH: toHex(state.sealed.modelH) }
    case 'loading':
      return { phase: 'loading', modelH: toHex(state.sealed.modelH), progress: state.progress }
    case 'ready':
      return { phase: 'ready', modelH: toHex(state.model.modelH), model: state.model.name }
    case 'failed':
      return { phase: 'failed', error: state.error.toJSON() }
  }
}

/** The state as anyone may see it: of a fault its code, since its words and facts name paths of the host. */
const publicState = (state: ModelState): Record<string, unknown> =>
  state.phase === 'failed' ? { phase: 'failed', error: { code: state.error.code } } : hostState(state)

/** `load_model` (paper §4), the host's own call. The path is one of the machine the enclave runs on. */
export function loadModelRoute(host: ModelHost, allowed: MiddlewareHandler): Hono<{ Bindings: HttpBindings }> {
  const app = new Hono<{ Bindings: HttpBindings }>()
  app.post('/load-model', allowed, async (c) => {
    const { path } = parseJson(loadSchema, await readBody(c.env.incoming, 8192))
    return c.json(hostState(await host.load(path)), 202)
  })
  return app
}

/** What anyone may ask about the model. */
export function modelRoute(host: ModelHost): Hono<{ Bindings: HttpBindings }> {
  return new Hono<{ Bindings: HttpBindings }>().get('/model-h', (c) => c.json(publicState(host.state)))
}

/** Lets a caller with the operator's token pass, and nobody where there is none. */
export function operatorOnly(token: string | undefined): MiddlewareHandler {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
  return async (c, next) => {
    const given = /^Bearer (.+)$/.exec(c.req.header('authorization') ?? '')?.[1] ?? ''
    if (token === undefined || !timingSafeEqual(digest(given), digest(token)))
      throw new DcmlError('operator_token_wrong', 'Only the operator of this host may do that.', {
        hint: 'Use the local admin port, or send the operator token as a bearer token.',
      })
    await next()
  }
}
