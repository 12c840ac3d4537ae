import { format } from './codec.ts'
import { type Fields, record, type Values } from './schema.ts'

/** What a contract may log, for {@link events} and for the ABI. */
export interface EventSet<E extends Readonly<Record<string, Fields>>> {
  /** Logs one NEP-297 event; `data` is an object with exactly the declared fields. */
  <K extends keyof E & string>(event: K, data: Values<E[K]>): void
  readonly standard: string
  readonly version: string
  readonly of: E
}

/**
 * Declares the NEP-297 events of one standard.
 * @example const emit = events('hello', '1.0.0', { greeted: { by: accountId } })
 */
export function events<E extends Readonly<Record<string, Fields>>>(
  standard: string,
  version: string,
  of: E,
): EventSet<E> {
  const emit = <K extends keyof E & string>(event: K, data: Values<E[K]>) => {
    const body = { standard, version, event, data: format(record(of[event] as E[K]), data, event) }
    env.log_utf8(`EVENT_JSON:${JSON.stringify(body)}`)
  }
  return Object.assign(emit, { standard, version, of })
}
