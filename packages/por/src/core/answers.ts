// The recipient's side: one answer to a request, signed once, however many paths it comes over.

import { equalBytes } from '@dcml/protocol'
import { porResponse, sign } from '@dcml/protocol/por'
import { sha256 } from '@noble/hashes/sha2.js'
import type { Core, Serving } from './core.ts'
import { arm } from './forward.ts'
import type { Done, Hop } from './hops.ts'
import { resolve } from './results.ts'
import { timer } from './timers.ts'

/** Statuses of a response that the application did not give. */
const NO_APP = 1
const FAILED = 2

/** Has a request answered, or gives the answer again. */
export function serve(core: Core, hop: Hop, now: number): void {
  arm(core, hop, now)
  const known = core.served.get(hop.name)
  const serving = known ?? remember(core, hop)
  core.timers.set(serving.timer, Math.max(serving.timer.at, hop.due.resolveBy + core.config.guard))
  if (serving.answer !== null) {
    resolve(core, hop, { kind: 'response', ...serving.answer, holds: [] }, now)
    return
  }
  if (known !== undefined) return
  if (core.config.apps.includes(hop.request.body.app))
    core.out.push({ kind: 'serve', request: hop.request, payload: hop.payload })
  else answer(core, hop.name, NO_APP, new Uint8Array(), now)
}

function remember(core: Core, { hash, name, request }: Hop): Serving {
  const serving: Serving = {
    hash,
    maxResponse: request.body.maxResponse,
    answer: null,
    timer: timer(() => core.served.delete(name)),
  }
  core.served.set(name, serving)
  return serving
}

/** After a crash: an answer that this node signed before. */
export function restoreAnswer(core: Core, done: Done, { response, payload }: Serving['answer'] & object): void {
  if (!equalBytes(response.body.domain.subject, core.signer.publicKey)) return
  const { hash, name, until } = done
  const answer = { response, payload }
  const serving: Serving = { hash, maxResponse: payload.length, answer, timer: timer(() => core.served.delete(name)) }
  core.served.set(name, serving)
  core.timers.set(serving.timer, until)
}

/** The local service is too late: a signed failure in time saves the edge. */
export const giveUp = (core: Core, hop: Hop, now: number): void => answer(core, hop.name, FAILED, new Uint8Array(), now)

/** Signs the first answer to a request, and sends it wherever the request came from. */
export function answer(core: Core, name: string, status: number, said: Uint8Array, now: number): void {
  const serving = core.served.get(name)
  if (serving === undefined || serving.answer !== null) return
  const fits = said.length <= serving.maxResponse
  const payload = fits ? said : new Uint8Array()
  const response = sign(
    porResponse,
    core.config.chain,
    {
      requestHash: serving.hash,
      status: fits ? status : FAILED,
      payloadHash: sha256(payload),
      payloadLength: payload.length,
    },
    core.signer,
  )
  serving.answer = { response, payload }
  const waiting = [...core.edges.values()].flatMap((edge) => edge.open.get(name) ?? [])
  for (const hop of waiting)
    if (hop.state === 'serving') resolve(core, hop, { kind: 'response', response, payload, holds: [] }, now)
}
