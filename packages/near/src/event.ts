/** A NEP-297 event (https://nomicon.io/Standards/EventsFormat) as a contract logged it. Logs are not proof: see proofs. */
export interface NearEvent {
  /** The account whose contract logged it. */
  readonly contractId: string
  readonly standard: string
  readonly version: string
  readonly event: string
  readonly data: unknown
}

const PREFIX = 'EVENT_JSON:'

/** Reads the events among the logs of one outcome; other logs, and malformed events, are no events. */
export function parseEvents(contractId: string, logs: readonly string[]): NearEvent[] {
  return logs
    .filter((log) => log.startsWith(PREFIX))
    .flatMap((log) => {
      try {
        const { standard, version, event, data } = JSON.parse(log.slice(PREFIX.length))
        if (![standard, version, event].every((field) => typeof field === 'string')) return []
        return [{ contractId, standard, version, event, data }]
      } catch {
        return []
      }
    })
}
