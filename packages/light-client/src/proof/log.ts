import * as v from 'valibot'
import { type Catalogue, Checklist, demand, type Verdict } from '../check.ts'
import { FRESH, requireAge } from '../client/fresh.ts'
import { type Json, readValue } from '../json/fields.ts'
import { type ExecutionProof, executionProofSchema } from '../outcome/schema.ts'
import type { AccountId, CryptoHash } from '../transaction/types.ts'
import { successor } from './chain.ts'
import type { VerifyEventOptions } from './event.ts'
import { type ProvenExecution, proveExecution } from './execution.ts'
import { type Nep297Event, parseNep297 } from './nep297.ts'

/** Proves one log of one receipt: an answer of RPC, which any node gives to anyone who knows the receipt's id. */
export interface LogProof {
  readonly receipt: ExecutionProof
  /** Which of the receipt's logs, from 0: a batch of calls logs several events in one receipt. */
  readonly log: number
}

const schema: v.GenericSchema<unknown, LogProof> = v.object({
  receipt: executionProofSchema,
  log: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
})

/**
 * Reads `{ receipt, log }`: the result of `EXPERIMENTAL_light_client_proof` of a receipt, and the place of the event.
 * @throws DcmlError `near_proof_invalid`, naming the first wrong field
 */
export const parseLogProof = (json: Json): LogProof => readValue(schema, json, 'near_proof_invalid', 'log proof')

/** Every check of a log proof, in order. A failed one is the error `log_<name>`. */
export const LOG_CHECKS = {
  head_fresh: { establishes: FRESH, hint: 'Advance the light client, and check the clock of this machine.' },
  receipt_outcome: {
    establishes: "The receipt's outcome is under the outcome root of its header.",
    hint: 'The proof was damaged or forged. Ask another node.',
  },
  head_known: {
    establishes: 'The header is of a block before the trusted head.',
    hint: 'Ask for the proof with the hash of the trusted head as light_client_head; the head may have to advance first.',
  },
  success: { establishes: 'The receipt succeeded.', hint: 'It was undone. Nothing may be built on its logs.' },
  executor: { establishes: 'The contract itself executed the receipt.', hint: 'Check the contract.' },
  event: {
    establishes: 'The log is the event asked for.',
    hint: 'Check the name of the event and the place of the log.',
  },
  standard: {
    establishes: 'The event is of the expected standard.',
    hint: 'Check the contract: it follows another standard.',
  },
  event_age: {
    establishes: 'The event is not older than asked for.',
    hint: 'Take a younger event: what this one says may no longer hold.',
  },
} as const satisfies Catalogue<string>

/** Names of {@link LOG_CHECKS}. */
export type LogCheckName = keyof typeof LOG_CHECKS

/** What a log proof proves. */
export interface ProvenLog {
  readonly event: Nep297Event
  /** The account whose contract logged it. */
  readonly contractId: AccountId
  readonly receiptId: CryptoHash
  /** The block that carries its outcome root: one after the block that executed it, or a later one. */
  readonly block: ProvenExecution['block']
}

/**
 * Proves that a contract logged an event in a receipt that succeeded, and nothing of how that came about: who called,
 * within which transaction, and what became of the rest of it. Right for events that say all there is to know, such as
 * a state that the contract changed; whoever caused one cannot make it unprovable by the shape of its transaction. For
 * the call itself see `verifyEvent`.
 */
export function verifyLog(proof: LogProof, options: VerifyEventOptions): Verdict<ProvenLog> {
  const list = new Checklist('log', LOG_CHECKS)
  try {
    const { state, now, contract, maxEventAge } = options
    const head = state.head.innerLite
    list.step('head_fresh', () => requireAge(head, now, options.maxHeadAge, 'the head'))
    const { id, outcome, block } = proveExecution(proof.receipt, head, {
      step: (name, run) => list.part(name === 'block_root' ? 'head_known' : 'receipt_outcome', run),
    })
    list.pass('receipt_outcome', 'head_known')
    list.step('success', () => successor(proof.receipt))
    list.step('executor', () =>
      demand(outcome.executorId === contract, () => `it was executed by ${outcome.executorId}`),
    )
    const event = list.step('event', () => {
      const text = outcome.logs[proof.log]
      const found = text === undefined ? undefined : parseNep297(text)
      demand(found?.event === options.event, () => `log ${proof.log} of the receipt is no event ${options.event}`)
      return found!
    })
    list.step('standard', () =>
      demand(event.standard === options.standard, () => `the event is of the standard ${event.standard.slice(0, 64)}`),
    )
    if (maxEventAge === 'any') list.waive('event_age', 'Not asked for.')
    else list.step('event_age', () => requireAge(block, now, maxEventAge, 'the event'))
    return list.accept({ event, contractId: contract, receiptId: id, block })
  } catch (error) {
    return list.refuse(error)
  }
}
