import type { PorRequester } from '@dcml/client'
import { controlOf, type Following } from './control-client.ts'
import type { Asking } from './control-schema.ts'

/** A running node as `closeOverPor` asks through it. @param store its folder */
export function porRequester(store: string, onLate: (amount: bigint) => void): PorRequester {
  const control = controlOf(store)
  type Call = Parameters<PorRequester['request']>
  const asking = ([target, payload, { signal: _, ...options }]: Call): Asking => ({ target, payload, ...options })
  const following = ([, , { signal }]: Call): Following => ({ onLate, ...(signal && { signal }) })
  return {
    request: (...call) => control.request(asking(call), following(call)),
    isolate: (...call) => control.isolate(asking(call), following(call)),
  }
}
