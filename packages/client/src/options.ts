import { type Policy, parsePolicy } from '@dcml/attestation'
import { DcmlError } from '@dcml/protocol'
import * as v from 'valibot'
import { memoryReceipts, type ReceiptStore } from './receipts/store.ts'

/** Options of `createClient`. */
export interface ClientOptions {
  /** Origin of a runtime's attested port, `https://host:port`; in a browser of its browser port. */
  readonly endpoint: string
  /** Whom to send prompts to. */
  readonly policy: Policy
  /** The one model that may answer, 64 hex digits; narrows `policy.modelH`. */
  readonly modelH?: string
  /** Roots to trust instead of the pinned ones (DER, or PEM text); a development root is only ever given here. */
  readonly roots?: readonly (Uint8Array | string)[]
  /** Unix time in milliseconds. Default `Date.now`. */
  readonly clock?: () => number
  /** Where receipts are kept. Default: the newest 1,000 in memory. */
  readonly receipts?: ReceiptStore
  /** Longest silence of the host before and within an answer, in milliseconds. Default 300,000. */
  readonly silenceMs?: number
  /** Closes the client. */
  readonly signal?: AbortSignal
}

/** Options that were checked, with their defaults. */
export interface Settings extends Required<Omit<ClientOptions, 'endpoint' | 'modelH' | 'roots' | 'signal'>> {
  readonly endpoint: URL
  readonly roots: ClientOptions['roots']
}

const schemaFor = (protocols: readonly string[]) =>
  v.object({
    endpoint: v.pipe(
      v.string(),
      v.url('not a URL'),
      v.transform((text) => new URL(text)),
      v.check(({ protocol }) => protocols.includes(protocol), `not ${protocols.join(' or ').replaceAll(':', '')}`),
      v.check(
        ({ pathname, search, hash, username, password }) =>
          pathname === '/' && !search && !hash && !username && !password,
        'more than an origin',
      ),
    ),
    modelH: v.optional(v.pipe(v.string(), v.toLowerCase(), v.regex(/^[0-9a-f]{64}$/, 'not 64 hex digits'))),
  })

/**
 * Checks what a caller gave.
 * @param protocols of endpoints that the transport reaches
 * @throws DcmlError `client_options_invalid`, `policy_invalid`
 */
export function checkOptions(options: ClientOptions, protocols: readonly string[] = ['https:']): Settings {
  const parsed = v.safeParse(schemaFor(protocols), options)
  if (!parsed.success) {
    const field = v.getDotPath(parsed.issues[0]) ?? 'options'
    throw invalid(field, parsed.issues[0].message)
  }
  const { endpoint, modelH } = parsed.output
  const { clock = Date.now, receipts = memoryReceipts(), silenceMs = 300_000, roots } = options
  const policy = parsePolicy(options.policy)
  if (modelH !== undefined && policy.modelH?.includes(modelH) === false)
    throw invalid('modelH', 'the policy does not accept this model')
  return {
    endpoint,
    // in the policy it is also what the evidence must show, so no prompt goes to an enclave without this model
    policy: modelH === undefined ? policy : { ...policy, modelH: [modelH] },
    clock,
    receipts,
    silenceMs,
    roots,
  }
}

const invalid = (field: string, why: string): DcmlError =>
  new DcmlError('client_options_invalid', `The option ${field} cannot be used: ${why}.`, {
    hint: 'endpoint is an origin such as https://host:8443, modelH 64 hex digits that the policy accepts.',
    details: { field },
  })
