// Nodes that do not follow the protocol: each wraps an honest machine and spoils what goes in or comes out of it.
import type { Effect, Input, Machine } from '../core/types.ts'
import type { Message } from '../wire/messages.ts'
import type { Random } from './random.ts'

/** How a node misbehaves. Times in ms of its own clock since the start. */
export type Behaviour =
  /** Does nothing at all for a time, as if it were off behind open sessions; or says nothing to one neighbour. */
  | {
      readonly kind: 'mute'
      readonly from: number
      readonly until?: number | undefined
      readonly towards?: string | undefined
    }
  /** Takes up no request of one requester, and serves everyone else. */
  | { readonly kind: 'ignore'; readonly requester: string }
  /** Says everything later. */
  | { readonly kind: 'slow'; readonly delay: number }
  /** Shows results so much later, to its neighbour and to the chain, as if they were in time: without pay (§5.4). */
  | { readonly kind: 'backdate'; readonly delay: number }
  /** Pays no late fees, or nothing at all. */
  | { readonly kind: 'stingy'; readonly of: 'late' | 'all' }
  /** Damages a share of the signed things it passes on. */
  | { readonly kind: 'garbage'; readonly share: number }
  /** Cuts the edge to the next hop of a share of the requests that it forwards. */
  | { readonly kind: 'cutter'; readonly share: number }

/** @param neighbour account at the other end of an edge */
export interface Surroundings {
  readonly random: Random
  readonly start: number
  neighbour(edgeId: bigint): string
}

type Spoil = (effect: Effect, now: number) => readonly Effect[]

const handled = (machine: Machine, handle: Machine['handle'], nextWake = () => machine.nextWake): Machine => ({
  handle,
  snapshot: () => machine.snapshot(),
  edge: (id) => machine.edge(id),
  get nextWake() {
    return nextWake()
  },
  get inflight() {
    return machine.inflight
  },
})

const spoiled = (machine: Machine, spoil: Spoil): Machine =>
  handled(machine, (input, now) => machine.handle(input, now).flatMap((effect) => spoil(effect, now)))

const withMessage = (effect: Effect, change: (message: Message) => Message | null): readonly Effect[] => {
  if (effect.kind !== 'send') return [effect]
  const message = change(effect.message)
  return message === null ? [] : [{ ...effect, message }]
}

const isResult = ({ type }: Message): boolean => type === 'response' || type === 'broken'

const unpaid = (message: Message, of: 'late' | 'all'): Message | null => {
  if (message.type === 'pay') return of === 'all' ? null : message
  if (message.type === 'request') return of === 'all' ? { ...message, voucher: null } : message
  return isResult(message) || message.type === 'sync' ? ({ ...message, voucher: null } as Message) : message
}

function damaged(message: Message, random: Random): Message {
  const flip = (bytes: Uint8Array): Uint8Array => {
    const copy = Uint8Array.from(bytes)
    if (copy.length > 0) copy[random.below(copy.length)]! ^= 1 << random.below(8)
    return copy
  }
  if (message.type === 'response')
    return random.below(2) === 0
      ? { ...message, payload: message.payload.length > 0 ? flip(message.payload) : Uint8Array.of(1) }
      : { ...message, response: { ...message.response, signature: flip(message.response.signature) } }
  if (message.type === 'broken' && message.cert !== null)
    return { ...message, cert: { ...message.cert, signature: flip(message.cert.signature) } }
  if (message.type === 'request')
    return { ...message, request: { ...message.request, signature: flip(message.request.signature) } }
  return message
}

/** Holds back what `delayOf` names a delay for; the rest goes out at once. */
function delayed(machine: Machine, delayOf: (effect: Effect) => number): Machine {
  const waiting: { at: number; effect: Effect }[] = []
  const handle = (input: Input, now: number): Effect[] => {
    const out: Effect[] = []
    const effects = machine.handle(input, now)
    while (waiting.length > 0 && waiting[0]!.at <= now) out.push(waiting.shift()!.effect)
    for (const effect of effects) {
      const delay = delayOf(effect)
      if (delay > 0) waiting.push({ at: now + delay, effect })
      else out.push(effect)
    }
    return out
  }
  return handled(machine, handle, () => {
    const own = machine.nextWake
    const next = waiting[0]?.at ?? null
    return own === null || next === null ? (own ?? next) : Math.min(own, next)
  })
}

/** @returns a machine that behaves so */
export function misbehave(machine: Machine, behaviour: Behaviour, { random, start, neighbour }: Surroundings): Machine {
  switch (behaviour.kind) {
    case 'mute': {
      const { from, until = Infinity, towards } = behaviour
      return spoiled(machine, (effect, now) => {
        if (now < start + from || now >= start + until) return [effect]
        const isHeard = towards !== undefined && (effect.kind !== 'send' || neighbour(effect.edgeId) !== towards)
        return isHeard ? [effect] : []
      })
    }
    case 'ignore':
      return spoiled(machine, (effect) => {
        const isTheirs =
          (effect.kind === 'serve' && effect.request.body.requester === behaviour.requester) ||
          (effect.kind === 'send' &&
            effect.message.type === 'request' &&
            effect.message.request.body.requester === behaviour.requester)
        return isTheirs ? [] : [effect]
      })
    case 'slow':
      return delayed(machine, (effect) => (effect.kind === 'send' ? behaviour.delay : 0))
    case 'backdate': {
      const later = delayed(machine, (effect) => {
        const isHeld = effect.kind === 'submit' || (effect.kind === 'send' && isResult(effect.message))
        return isHeld ? behaviour.delay : 0
      })
      return spoiled(later, (effect) => withMessage(effect, (message) => unpaid(message, 'late')))
    }
    case 'stingy':
      return spoiled(machine, (effect) => withMessage(effect, (message) => unpaid(message, behaviour.of)))
    case 'garbage':
      return spoiled(machine, (effect) =>
        withMessage(effect, (message) => (random.unit() < behaviour.share ? damaged(message, random) : message)),
      )
    case 'cutter':
      return handled(machine, (input, now) =>
        machine.handle(input, now).flatMap((effect) => {
          const isForward = effect.kind === 'send' && effect.message.type === 'request'
          if (!isForward || random.unit() >= behaviour.share) return [effect]
          return machine.handle({ kind: 'cut', edgeId: effect.edgeId }, now)
        }),
      )
  }
}
