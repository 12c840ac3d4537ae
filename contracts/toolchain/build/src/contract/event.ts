import { record } from './schema/composed.ts'
import type { Fields, Schema, Values } from './schema/types.ts'

/** What a contract may log, for {@link events} and for the ABI. */
export interface EventSet<E extends Readonly<Record<string, Fields>>> {
  /** Logs one NEP-297 event; `data` is an object with exactly the declared fields. */
  <K extends keyof E & string>(event: K, data: Values<E[K]>): void
  readonly standard: string
  readonly version: string
  readonly of: E
}

// biome-ignore lint/suspicious/noExplicitAny: sets of whatever events
export type AnyEvents = Pick<EventSet<any>, 'standard' | 'version' | 'of'>

/** Every set this bundle declares, for the ABI. */
export const declared: AnyEvents[] = []

/**
 * Declares the NEP-297 events of one standard.
 * @example const emit = events('hello', '1.0.0', { greeted: { by: accountId } })
 */
export function events<E extends Readonly<Record<string, Fields>>>(
  standard: string,
  version: string,
  of: E,
): EventSet<E> {
  // everything but the data is known when the contract is built
  const prepared: Record<string, { head: string; data: Schema<unknown> }> = {}
  for (const [event, fields] of Object.entries(of)) {
    const head = `EVENT_JSON:${JSON.stringify({ standard, version, event }).slice(0, -1)},"data":`
    prepared[event] = { head, data: record(fields) }
  }
  const emit = <K extends keyof E & string>(event: K, values: Values<E[K]>) => {
    const { head, data } = prepared[event] as (typeof prepared)[string]
    env.log_utf8(`${head}${JSON.stringify(data.format(values))}}`)
  }
  declared.push({ standard, version, of })
  return Object.assign(emit, { standard, version, of })
}
