import { sha256 } from '@noble/hashes/sha2.js'
import * as v from 'valibot'
import { hexText, malformed, readJson, readValue, textUpTo } from './fields.ts'

/** What a workload may load, and through which contract it is paid: part of a manifest of either kind. */
export interface WorkloadTerms {
  /** The modelH values (hex) this workload may load, or `any`. */
  readonly models: readonly string[] | 'any'
  /** The chain and contract it trusts; absent where it serves without payment. */
  readonly network?: { readonly networkId: string; readonly contract: string }
  /**
   * Where its light client starts (`formatTrustRoot`). With it every completion is paid through a channel of the
   * contract in `network` (paper §6), and `models` names the one model that is paid for.
   */
  readonly trustRoot?: string
}

/**
 * What runs in the CVM, by name and digest. The exact bytes of its JSON are hashed to `imageH`, which the TEE
 * measures, so every member here is part of the workload's identity.
 */
export interface ImageManifest extends WorkloadTerms {
  readonly v: 1
  readonly name: string
  /** Container image digest, `sha256:` and 64 hex digits. */
  readonly image: string
  readonly command: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

/** Longest image manifest a verifier reads, in bytes. */
export const MAX_MANIFEST_BYTES = 65_536

/** Fields of {@link WorkloadTerms}. */
const terms = {
  models: v.union([v.literal('any'), v.pipe(v.array(hexText(32)), v.minLength(1), v.maxLength(256))]),
  network: v.exactOptional(v.strictObject({ networkId: textUpTo(64), contract: textUpTo(64) })),
  trustRoot: v.exactOptional(textUpTo(49_152)),
}

const isPayable = ({ trustRoot, network, models }: WorkloadTerms): boolean =>
  trustRoot === undefined || (network !== undefined && models !== 'any' && models.length === 1)

/** The schema of an object with {@link WorkloadTerms} and these fields, and no others. */
export const withTerms = <T extends WorkloadTerms>(fields: v.ObjectEntries): v.GenericSchema<unknown, T> =>
  v.pipe(
    v.strictObject({ ...fields, ...terms }),
    v.check((value) => isPayable(value as WorkloadTerms), 'trustRoot needs a network and exactly one model'),
  ) as never

const schema = withTerms<ImageManifest>({
  v: v.literal(1),
  name: v.pipe(v.string(), v.minLength(1), v.maxLength(128)),
  image: v.pipe(v.string(), v.regex(/^sha256:[0-9a-f]{64}$/, 'not a sha256 digest')),
  command: v.pipe(v.array(textUpTo(4096)), v.maxLength(256)),
  env: v.pipe(
    v.record(v.pipe(v.string(), v.regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'not an environment name')), textUpTo(16_384)),
    v.maxEntries(256),
  ),
})

/** `imageH`: SHA-256 of the exact bytes of an image manifest (`docker_hash`, paper §4). */
export const imageH = (manifest: Uint8Array): Uint8Array => sha256(manifest)

/**
 * Reads an image manifest. Spaces and line breaks are free; doubled members and unusual escapes are refused, because
 * the boot code that enforces the manifest may read those in another way than its verifier.
 * @throws DcmlError `manifest_malformed`
 */
export function parseImageManifest(bytes: Uint8Array): ImageManifest {
  const json = readJson(bytes, MAX_MANIFEST_BYTES, 'manifest_malformed')
  return readPlain(schema, new TextDecoder().decode(bytes), json)
}

/**
 * Reads the value of a JSON text that leaves no two readings.
 * @throws DcmlError `manifest_malformed`
 */
export function readPlain<T>(of: v.GenericSchema<unknown, T>, text: string, json: unknown): T {
  // the schema first: it bounds how deep the value is
  const value = readValue(of, json, 'manifest_malformed')
  const compact = text.replace(/("(?:[^"\\]|\\.)*")|\s+/g, '$1')
  if (compact !== JSON.stringify(json)) throw malformed('manifest_malformed', 'a member is doubled or oddly written')
  // names that JavaScript objects are born with: our schema would skip what another reader obeys
  if (/"(__proto__|constructor|prototype)":/.test(compact)) throw malformed('manifest_malformed', 'a name is reserved')
  return value
}
