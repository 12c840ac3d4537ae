import type { SentCall } from '@dcml/near/model'
import type { Output } from './output.ts'

/** Says what a transaction did: its hash, and what the contract logged. */
export function tellSent(output: Output, human: string, { hash, events }: SentCall, more: object = {}): void {
  output.result(`${human}\ntransaction ${hash}`, {
    transaction: hash,
    events: events.map(({ event, data }) => ({ event, data })),
    ...more,
  })
}
