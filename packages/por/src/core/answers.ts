// The recipient's side: one answer to a request, signed once, however many paths it comes over.

import { equalBytes } from '@dcml/protocol'
import { porResponse, sign } from '@dcml/protocol/por'
import { sha256 } from '@noble/hashes/sha2.js'
import type { Core, Serving } from './core.ts'
import { arm } from './forward.ts'
import type { Done, Hop } from './hops.ts'
import { drop, resolve } from './results.ts'
import { timer } from './timers.ts'

/** Statuses of a response that the application did not give. */
const NO_APP = 1
const FAILED = 2

/** Has a request answered, or gives the answer again. */
export function serve(core: Core, hop: Hop, now: number): void {
  arm(core, hop, now)
  const serving = core.served.get(hop.name) ?? remember(core, hop)
  core.timers.set(serving.timer, Math.max(serving.timer.at, hop.due.resolveBy + core.config.guard))
  if (serving.answer !== null) {
    resolve(core, hop, { kind: 'response', ...serving.answer, holds: [] }, now)
    return
  }
  serving.hops.set(hop.from!.id, hop)
  if (serving.isAsked) return
  serving.isAsked = true
  if (core.config.apps.includes(hop.request.body.app))
    core.out.push({ kind: 'serve', request: hop.request, payload: hop.payload })
  else fail(core, serving, hop.name, NO_APP, now)
}

const newServing = (core: Core, name: string, about: Pick<Serving, 'hash' | 'maxResponse' | 'isMute'>): Serving => ({
  ...about,
  hops: new Map(),
  isAsked: false,
  answer: null,
  timer: timer(() => core.served.delete(name)),
})

function remember(core: Core, { hash, name, request: { body } }: Hop): Serving {
  const isMute = core.config.mute?.includes(body.app) ?? false
  const serving = newServing(core, name, { hash, maxResponse: body.maxResponse, isMute })
  core.served.set(name, serving)
  return serving
}

/** After a crash: an answer that this node signed before. */
export function restoreAnswer(core: Core, done: Done, { response, payload }: Serving['answer'] & object): void {
  if (!equalBytes(response.body.domain.subject, core.signer.publicKey)) return
  const { hash, name, until } = done
  const serving = newServing(core, name, { hash, maxResponse: payload.length, isMute: false })
  serving.answer = { response, payload }
  core.served.set(name, serving)
  core.timers.set(serving.timer, until)
}

/**
 * The local service is too late: a signed failure in time saves the edge. Where that would cost more, what the service
 * says still counts until nobody upstream can wait any more.
 */
export function giveUp(core: Core, hop: Hop, now: number): void {
  const end = hop.due.resolveBy + core.config.guard
  if (core.served.get(hop.name)?.isMute !== true) answer(core, hop.name, FAILED, new Uint8Array(), now)
  else if (now < end) core.timers.set(hop.timer, end)
  else drop(core, hop)
}

/** The local service says that it will say nothing. */
export function onUnanswered(core: Core, name: string, now: number): void {
  const serving = core.served.get(name)
  if (serving !== undefined) fail(core, serving, name, FAILED, now)
}

/** Says for the application that there is no answer; or nothing, and asks it again when the request comes again. */
function fail(core: Core, serving: Serving, name: string, status: number, now: number): void {
  if (serving.isMute) serving.isAsked = false
  else answer(core, name, status, new Uint8Array(), now)
}

/** Signs the first answer to a request, and sends it wherever the request came from. */
export function answer(core: Core, name: string, status: number, said: Uint8Array, now: number): void {
  const serving = core.served.get(name)
  if (serving === undefined || serving.answer !== null) return
  const fits = said.length <= serving.maxResponse
  if (!fits && serving.isMute && status !== FAILED) {
    serving.isAsked = false
    return
  }
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
  const hops = [...serving.hops.values()]
  serving.hops.clear()
  for (const hop of hops)
    if (hop.state === 'serving') resolve(core, hop, { kind: 'response', response, payload, holds: [] }, now)
}
