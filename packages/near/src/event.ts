import { parseNep297 } from '@dcml/light-client'

/** A NEP-297 event (https://nomicon.io/Standards/EventsFormat) as a contract logged it. Logs are not proof: see proofs. */
export interface NearEvent {
  /** The account whose contract logged it. */
  readonly contractId: string
  readonly standard: string
  readonly version: string
  readonly event: string
  /** As the contract wrote it; an integer beyond 2^53 is a bigint. */
  readonly data: unknown
}

/** Reads the events among the logs of one outcome; other logs, and malformed events, are no events. */
export function parseEvents(contractId: string, logs: readonly string[]): NearEvent[] {
  return logs.flatMap((log) => {
    const event = parseNep297(log)
    return event === undefined ? [] : [{ contractId, ...event }]
  })
}
