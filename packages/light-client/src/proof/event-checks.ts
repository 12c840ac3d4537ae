import type { Catalogue } from '../check.ts'
import { FRESH } from '../client/fresh.ts'

const forged = 'The proof was damaged or forged. Ask another node.'
const wrongCall = 'Take the transaction that called the contract, with this call as its only action.'

/** Every check of an event proof, in order. A failed one is the error `event_<name>`. */
export const EVENT_CHECKS = {
  head_fresh: { establishes: FRESH, hint: 'Advance the light client, and check the clock of this machine.' },
  transaction: { establishes: 'The transaction is the exact bytes of one signed transaction.', hint: wrongCall },
  call: { establishes: 'The transaction makes one function call and nothing else.', hint: wrongCall },
  contract: { establishes: 'The call was sent to the expected contract.', hint: wrongCall },
  transaction_link: { establishes: 'The first outcome is of this transaction.', hint: forged },
  transaction_outcome: {
    establishes: "The transaction's outcome is under the outcome root of its header.",
    hint: forged,
  },
  receipt_link: { establishes: 'Each outcome is of the receipt that the one before it names.', hint: forged },
  receipt_outcome: { establishes: "Each receipt's outcome is under the outcome root of its header.", hint: forged },
  head_known: {
    establishes: 'All headers are of blocks before the trusted head.',
    hint: 'Ask for the proofs with the hash of the trusted head as light_client_head; the head may have to advance first.',
  },
  success: {
    establishes: 'The transaction and all receipts succeeded, and the call came to its end.',
    hint: 'The call failed, or its last receipts are missing in the proof. Nothing may be built on its logs.',
  },
  event: {
    establishes: 'A log of the call is the event asked for.',
    hint: 'Check the name of the event and the method called.',
  },
  executor: {
    establishes: 'The contract itself executed the call and logged the event, before another contract took over.',
    hint: 'An event means what the contract that logs it means, and for whom. Check the contract and the method called.',
  },
  standard: {
    establishes: 'The event is of the expected standard.',
    hint: 'Check the contract: it follows another standard.',
  },
  single: { establishes: 'The event was logged once.', hint: 'Of several it would be open which one is meant.' },
  event_age: {
    establishes: 'The event is not older than asked for.',
    hint: 'Take a younger event: what this one says may no longer hold.',
  },
} as const satisfies Catalogue<string>

/** Names of {@link EVENT_CHECKS}. */
export type EventCheckName = keyof typeof EVENT_CHECKS
