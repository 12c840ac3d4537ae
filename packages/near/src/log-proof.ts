import { type LightClientState, parseLogProof, parseNep297 } from '@dcml/light-client'
import { DcmlError } from '@dcml/protocol'
import type { Near } from './connection.ts'
import type { NearEvent } from './event.ts'
import { type ProveOptions, whenProvable } from './proofs.ts'

export interface ProveLogOptions extends Pick<ProveOptions, 'state' | 'patienceMs' | 'signal'> {
  /** The contract that logged it. */
  readonly contractId: string
  /** The receipt that logged it: `receiptId` of an event that `readEvents` found. */
  readonly receiptId: string
  /** Tells the event among the receipt's logs. */
  readonly wanted: (event: NearEvent) => boolean
}

/** What a verifier without a network needs to believe one event, as plain JSON. */
export interface LogProofBundle {
  /** Results of `next_light_client_block`, oldest first, from the verifier's head to {@link state}: for `advance`. */
  readonly blocks: readonly unknown[]
  /** For `parseLogProof`: the outcome of the receipt, and the place of the event among its logs. */
  readonly proof: { readonly receipt: Record<string, unknown>; readonly log: number }
  /** Where the verifier will stand; every block was verified here too. */
  readonly state: LightClientState
}

/**
 * Asks any node for what proves that a contract logged an event, whoever called it: what `fetchProof` needs, the signed
 * transaction, only its sender has.
 * @throws DcmlError `near_not_provable` when patience ends, `near_event_missing` where the receipt logged no such event,
 * `block_…` for a block that does not verify, and what {@link Near.request} throws
 */
export async function fetchLogProof(near: Near, options: ProveLogOptions): Promise<LogProofBundle> {
  const { contractId, receiptId, wanted } = options
  const { found, ...reached } = await whenProvable(near, `Receipt ${receiptId}`, options, async (head) => {
    const asked = { type: 'receipt', receipt_id: receiptId, receiver_id: contractId, light_client_head: head }
    const receipt = await near.request('EXPERIMENTAL_light_client_proof', asked, options)
    const { logs } = parseLogProof({ receipt, log: 0 }).receipt.outcome
    const log = logs.findIndex((text) => {
      const event = parseNep297(text)
      return event !== undefined && wanted({ contractId, ...event })
    })
    if (log < 0)
      throw new DcmlError('near_event_missing', `Receipt ${receiptId} of ${contractId} logged no such event.`, {
        hint: 'Ask another node: this one told of the event before, or another one did.',
      })
    return { receipt: receipt as Record<string, unknown>, log }
  })
  return { ...reached, proof: found }
}
