import { type Attested, type Policy, strictKeyPolicy } from '@dcml/attestation'
import { connectAttested, type PostAnswer, postOver } from '@dcml/attestation/node'
import { type Chain, DcmlError, encodeKeyGrant, NO_CHAIN, toBase64url, toHex } from '@dcml/protocol'
import * as v from 'valibot'

export interface SeedOptions {
  /** Attested port of the enclave. */
  readonly endpoint: { readonly host: string; readonly port: number }
  /**
   * Whom to trust with the key: which image manifests (`imageH`) and boot images. Whatever it tolerates is taken away by
   * `strictKeyPolicy`.
   */
  readonly policy: Policy
  /** Roots to trust instead of the pinned ones; a development root is only ever given here. */
  readonly roots?: readonly (Uint8Array | string)[]
  /** The model that sk belongs to, 32 bytes. */
  readonly modelH: Uint8Array
  /** X25519 secret key of the model, 32 bytes. */
  readonly sk: Uint8Array
  /** Rotation counter of sk. Default 0. */
  readonly keyEpoch?: number
  /** Where the model is paid for; has to be what the enclave's image manifest names. Default: nowhere. */
  readonly chain?: Chain
  /** Account of the contract that is paid for the model. Default: none. */
  readonly ownerContract?: string
  /** Unix time in milliseconds. Default `Date.now`. */
  readonly clock?: () => number
  /** For verifying, and again for handing over, in milliseconds. Default 15,000. */
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
}

/** The enclave that has the key now, with every check that it passed. */
export interface Seeded extends Pick<Attested, 'checks' | 'environment' | 'label' | 'claims' | 'manifest'> {
  /** What the runtime does with the model: `idle`, `loading`, `ready`, … */
  readonly phase: string
}

const takenSchema = v.object({ modelH: v.string(), phase: v.string() })
const refusalSchema = v.object({ error: v.object({ code: v.pipe(v.string(), v.regex(/^[a-z_]{1,64}$/)) }) })

/**
 * `set_sk` (paper §4): verifies an enclave and hands it the secret key of a model over the very connection that was
 * verified. Nothing leaves this process before every check has passed.
 * @throws DcmlError `key_policy_too_wide`, `policy_invalid`, those of `connectAttested` (`attestation_refused`, …),
 * `seed_model_not_allowed`, `seed_wrong_chain`, `seed_refused`, `seed_timeout`, `connection_lost`, `borsh_invalid`
 */
export async function seedEnclave(options: SeedOptions): Promise<Seeded> {
  const { endpoint, roots, clock, modelH, chain = NO_CHAIN, timeoutMs = 15_000, signal } = options
  // the claims name a model only after its key has come: none is asked for
  const { modelH: _, ...policy } = options.policy
  const { socket, result } = await connectAttested({
    ...endpoint,
    policy: strictKeyPolicy(policy),
    timeoutMs,
    ...(roots && { roots }),
    ...(clock && { clock }),
    ...(signal && { signal }),
  })
  try {
    checkManifest(result, toHex(modelH), chain)
    const grant = encodeKeyGrant(chain, modelH, {
      sk: options.sk,
      keyEpoch: options.keyEpoch ?? 0,
      ownerContract: options.ownerContract ?? '',
      provenance: null,
    })
    const body = JSON.stringify({ grant: toBase64url(grant) })
    grant.fill(0)
    const late = AbortSignal.timeout(timeoutMs)
    const answer = await postOver(
      socket,
      '/dcml/v1/set-sk',
      body,
      signal ? AbortSignal.any([signal, late]) : late,
    ).catch((error: unknown) => {
      throw late.aborted && !signal?.aborted ? timedOut(timeoutMs) : error
    })
    const taken = v.safeParse(takenSchema, answer.json)
    if (answer.status !== 200 || !taken.success) throw refused(answer)
    const { checks, environment, label, claims, manifest } = result
    return { checks, environment, ...(label && { label }), claims, manifest, phase: taken.output.phase }
  } finally {
    socket.destroy()
  }
}

/** Asked before the key leaves, though an honest runtime would turn it away as well. */
function checkManifest({ manifest }: Attested, model: string, { networkId, contract }: Chain): void {
  if (manifest.models !== 'any' && !manifest.models.includes(model))
    throw new DcmlError('seed_model_not_allowed', 'The image manifest of this enclave does not name the model.', {
      hint: 'Start the enclave from a manifest whose models include this modelH.',
      details: { modelH: model },
    })
  const network = manifest.network ?? NO_CHAIN
  if (network.networkId !== networkId || network.contract !== contract)
    throw new DcmlError('seed_wrong_chain', 'The image manifest of this enclave names another chain or contract.', {
      hint: `It serves "${network.contract}" on "${network.networkId}"; give that as the chain if it is meant.`,
      details: { networkId: network.networkId, contract: network.contract },
    })
}

/** What the owner can do about a refusal, where it is theirs to mend. */
const HINTS: Readonly<Record<string, string>> = {
  grant_sk_wrong: 'This key does not open the container that the host has. Use the key it was sealed to.',
  grant_other_model: 'The host has another model. Check modelH, or ask the host which container it serves.',
}

function refused({ status, json }: PostAnswer): DcmlError {
  const refusal = v.safeParse(refusalSchema, json)
  const reason = refusal.success ? refusal.output.error.code : `status_${status}`
  return new DcmlError('seed_refused', `The enclave did not take the key (${reason}).`, {
    hint: HINTS[reason] ?? "Ask the host for what its runtime's log says.",
    retryable: status === 429 || status === 503,
    details: { status, reason },
  })
}

const timedOut = (ms: number): DcmlError =>
  new DcmlError('seed_timeout', `The enclave did not answer within ${ms} ms.`, {
    hint: 'Ask it whether it has the key, and try again if not.',
    retryable: true,
  })
