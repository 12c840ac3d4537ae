import { DcmlError, toHex } from '@dcml/protocol'
import * as v from 'valibot'
import type { OwnerPrices } from './terms.ts'

/** How a model is offered. Owner, modelH and the last three can never be changed. */
export interface DeploymentTerms {
  /** Account that may change prices, images, beneficiary and key epoch: a person's, or a DAO's. */
  readonly owner: string
  /** Account that earns the owner's share. */
  readonly beneficiary: string
  /** 32 bytes. */
  readonly modelH: Uint8Array
  readonly prices: OwnerPrices
  /** Workloads that may serve the model: at most 16, 32 bytes each. */
  readonly imageHs: readonly Uint8Array[]
  /** How long a forced closure waits for the host's answer. Default one day. */
  readonly challengePeriodMs?: number
  /** How long after its opening anyone may end a channel. Default 30 days. */
  readonly expiryMs?: number
  /** What forcing a closure costs, at most 0.002 NEAR; default 0.001 NEAR, about what the answer costs the host. */
  readonly closeFee?: bigint
}

const DAY = 86_400_000
const account = v.pipe(v.string(), v.regex(/^(?=.{2,64}$)[a-z\d]+([-_.][a-z\d]+)*$/, 'not a NEAR account'))
const hash = v.pipe(
  v.instance(Uint8Array),
  v.length(32),
  v.transform((bytes) => toHex(bytes)),
)
const amount = (bits: bigint) =>
  v.pipe(
    v.bigint(),
    v.minValue(0n),
    v.maxValue((1n << bits) - 1n),
    v.transform((value) => `${value}`),
  )
/** Block times are u64 nanoseconds; the contract takes less than 2^62 of them, 146 years. */
const LONGEST = 4_611_686_018_427
const duration = (standard: number) =>
  v.optional(v.pipe(v.number(), v.safeInteger(), v.minValue(1), v.maxValue(LONGEST)), standard)

const schema = v.pipe(
  v.strictObject({
    owner: account,
    beneficiary: account,
    modelH: hash,
    prices: v.strictObject({ input: amount(128n), output: amount(128n) }),
    imageHs: v.pipe(v.array(hash), v.maxLength(16)),
    challengePeriodMs: duration(DAY),
    expiryMs: duration(30 * DAY),
    // more would pay hosts for withholding approvals (contracts/model, README)
    closeFee: v.optional(v.pipe(v.bigint(), v.minValue(0n), v.maxValue(2n * 10n ** 21n)), 10n ** 21n),
  }),
  v.check(
    ({ challengePeriodMs, expiryMs }) => expiryMs > challengePeriodMs,
    'channels must outlive the challenge period',
  ),
  v.transform((terms) => ({
    owner: terms.owner,
    beneficiary: terms.beneficiary,
    model_h: terms.modelH,
    prices: terms.prices,
    image_hs: terms.imageHs,
    challenge_period_ms: `${terms.challengePeriodMs}`,
    expiry_ms: `${terms.expiryMs}`,
    close_fee: `${terms.closeFee}`,
  })),
)

/** The contract's `open`, as JSON. @throws DcmlError `contract_terms_invalid` for what the contract would refuse */
export function readTerms(terms: DeploymentTerms): v.InferOutput<typeof schema> {
  const parsed = v.safeParse(schema, terms)
  if (parsed.success) return parsed.output
  const [issue] = parsed.issues
  const where = v.getDotPath(issue)
  throw new DcmlError(
    'contract_terms_invalid',
    `The terms cannot be used: ${where ? `${where}: ` : ''}${issue.message}.`,
    {
      hint: 'Correct them; nothing was sent.',
    },
  )
}
