// Two kinds of boot code say what runs in a CVM: ours measures an image manifest, dstack's measures the text of an
// app-compose file. Either text hashes to `imageH`, and says by its own form which of the two it is.
import * as v from 'valibot'
import { malformed, readJson, readValue, textUpTo } from './fields.ts'
import { outerMembers } from './json-members.ts'
import {
  type ImageManifest,
  MAX_MANIFEST_BYTES,
  parseImageManifest,
  readPlain,
  type WorkloadTerms,
  withTerms,
} from './manifest.ts'

/**
 * What dstack runs, as its app-compose file names it. The whole text is part of `imageH`; what is read of it is its name
 * and the member `dcml`, which dstack measures with the rest and passes over: `{ "v": 1, "models": …, "network": …,
 * "trustRoot": …, "anchor": … }`. Without that member any model may be loaded, and nothing is paid for.
 */
export interface DstackManifest extends WorkloadTerms {
  readonly kind: 'dstack'
  readonly name: string
  /** Account of the anchor contract, where the chain keeps its last state (paper §6.1). */
  readonly anchor?: string
}

/** What runs in the CVM, in the words of whatever boot code enforces it. */
export type WorkloadManifest = (ImageManifest & { readonly kind: 'dcml' }) | DstackManifest

const appCompose = v.object({
  manifest_version: v.union([v.number(), v.string()]),
  name: v.optional(v.string(), ''),
})

const MEMBER = 'dcml'

const member = withTerms<WorkloadTerms & { v: 1; anchor?: string }>({
  v: v.literal(1),
  anchor: v.exactOptional(textUpTo(64)),
})

/**
 * Reads a manifest of either kind. Of an app-compose text only the member `dcml` is held to the rules of
 * {@link parseImageManifest}: it stands there once, as it is written here, and leaves no two readings.
 * @throws DcmlError `manifest_malformed`
 */
export function parseWorkloadManifest(bytes: Uint8Array): WorkloadManifest {
  const json = readJson(bytes, MAX_MANIFEST_BYTES, 'manifest_malformed')
  if (typeof json !== 'object' || json === null || !('manifest_version' in json))
    return { kind: 'dcml', ...parseImageManifest(bytes) }
  const { name } = readValue(appCompose, json, 'manifest_malformed')
  return { kind: 'dstack', name, ...readMember(new TextDecoder().decode(bytes)) }
}

function readMember(text: string): Omit<DstackManifest, 'kind' | 'name'> {
  const [found, second] = outerMembers(text).filter(({ name }) => name === MEMBER)
  if (found === undefined) return { models: 'any' }
  if (second !== undefined || found.written !== `"${MEMBER}"`)
    throw malformed('manifest_malformed', `${MEMBER} is doubled or oddly written`)
  const exact = text.slice(found.start, found.end)
  const { v: _, ...terms } = readPlain(member, exact, JSON.parse(exact))
  return terms
}
