// What an isolated enclave's neighbour carries to where the chain can be reached, to open a channel there.
import { type EvidenceJson, type Policy, verifyEvidence } from '@dcml/attestation'
import { formatWire, readWire, wire } from '@dcml/channels'
import { parseTrustRoot } from '@dcml/light-client'
import { DcmlError } from '@dcml/protocol'
import * as v from 'valibot'
import type { Desk } from './desk.ts'
import type { Invitation } from './opening.ts'
import { refusal } from './refusal.ts'

const FORMAT = 'dcml/challenge'

const schema = v.strictObject({
  format: v.literal(FORMAT),
  version: v.literal(1),
  challenge: v.looseObject({}),
  lightClient: v.string(),
  // judged by verifyEvidence
  evidence: v.custom<EvidenceJson>((value) => typeof value === 'object' && value !== null),
})

/** Asks the enclave for a challenge, and writes it down with what it takes to judge it elsewhere. */
export async function writeChallenge(desk: Desk): Promise<string> {
  const { answer, session } = await desk.challenge()
  const { text } = await desk.lightClient()
  const challenge: unknown = JSON.parse(formatWire(answer))
  return `${JSON.stringify({ format: FORMAT, version: 1, challenge, lightClient: text, evidence: session.evidence })}\n`
}

/** Whom to believe, and at which time. */
export interface JudgeOptions {
  readonly policy: Policy
  /** Roots to trust instead of the pinned ones; a development root is only ever given here. */
  readonly roots?: readonly (Uint8Array | string)[]
  readonly now: Date
}

/**
 * Reads {@link writeChallenge} and verifies the evidence in it. That it was fresh on a live connection was checked by the
 * client that wrote it.
 * @throws DcmlError `challenge_file_invalid`, `attestation_refused`
 */
export async function readChallenge(text: string, { policy, roots, now }: JudgeOptions): Promise<Invitation> {
  let file: v.InferOutput<typeof schema>
  let answer: Invitation['answer']
  try {
    file = v.parse(schema, JSON.parse(text))
    answer = readWire(wire.challenge, file.challenge)
    parseTrustRoot(file.lightClient)
  } catch (cause) {
    throw refusal(
      'challenge_file_invalid',
      'The challenge cannot be read.',
      'Give the file that `dcml channel request` wrote.',
      {},
      cause,
    )
  }
  const { evidence, lightClient } = file
  const attested = await verifyEvidence({
    evidence,
    // the challenge itself has a shorter life
    policy: { ...policy, binding: 'key', maxAgeSeconds: Number.POSITIVE_INFINITY },
    ...(roots && { roots }),
    now,
    expect: { purpose: 'session' },
  })
  if (attested.ok) return { answer, attested, lightClient }
  const failed = attested.checks.filter(({ status }) => status === 'fail').map(({ name, why }) => `${name} ${why}`)
  throw new DcmlError('attestation_refused', `The evidence with the challenge was refused (${failed.join('; ')}).`, {
    hint: 'Nothing was paid. Ask for another challenge, or see whether the policy is the right one.',
  })
}
