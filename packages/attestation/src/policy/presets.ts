import { strictKeyPolicy } from './key-release.ts'
import { type Policy, type PolicyInput, parsePolicy } from './policy.ts'

/** The identities a preset cannot know: which image manifests and boot images to accept. */
type Identities = Required<Pick<PolicyInput, 'imageH' | 'images'>>

/** Without knowledge of the workload: a genuine platform, unrevoked, UpToDate, with safe TD attributes. */
export const platform: Policy = parsePolicy({
  imageH: 'any',
  images: 'any',
  // The evaluation set in force in mid 2025, the oldest that published TDX vectors with collateral refer to.
  tcb: { minEvaluationNumber: 17 },
  binding: 'key',
})

/**
 * For a client about to send a prompt: UpToDate, bound to the session by the enclave's session key, at most 10
 * minutes old.
 * @throws DcmlError `policy_invalid` where an option has the wrong form
 */
export function clientDefault(options: Identities & PolicyInput): Policy {
  return parsePolicy(options)
}

/**
 * For handing a model key to an enclave (paper §4): what {@link strictKeyPolicy} leaves of the options. `imageH` is that
 * of the enclave which holds the key; `platforms` where the machines are known.
 * @throws DcmlError `policy_invalid` where an option has the wrong form, `key_policy_too_wide`
 */
export function keyRelease(options: Identities & Omit<PolicyInput, 'binding'>): Policy {
  return strictKeyPolicy(parsePolicy({ maxAgeSeconds: 60, ...options }))
}

const anySnp = { bootloader: 0, tee: 0, snp: 0, microcode: 0 }

/**
 * For a simulated TEE, whose keys everyone can derive: proves nothing, refuses production roots. Takes every kind of TEE;
 * identities are checked where they are given.
 * @throws DcmlError `policy_invalid` where an option has the wrong form
 */
export function development({ snp, ...options }: Omit<PolicyInput, 'environment'> = {}): Policy {
  return parsePolicy({
    tee: ['tdx', 'snp'],
    imageH: 'any',
    images: 'any',
    snp: { minTcb: { Milan: anySnp, Genoa: anySnp, Turin: anySnp }, ...snp },
    ...options,
    environment: 'development',
  })
}
