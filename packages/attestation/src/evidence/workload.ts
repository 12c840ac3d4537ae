// Two kinds of boot code say what runs in a CVM: ours measures an image manifest, dstack's measures the text of an
// app-compose file. Either text hashes to `imageH`, and says by its own form which of the two it is.
import * as v from 'valibot'
import { readJson, readValue } from './fields.ts'
import { type ImageManifest, MAX_MANIFEST_BYTES, parseImageManifest } from './manifest.ts'

/** What dstack runs, as its app-compose file names it. The whole text is part of `imageH`; little of it is read. */
export interface DstackManifest {
  readonly kind: 'dstack'
  readonly name: string
  /** An app-compose file does not restrict the models. */
  readonly models: 'any'
  readonly network?: undefined
  readonly trustRoot?: undefined
}

/** What runs in the CVM, in the words of whatever boot code enforces it. */
export type WorkloadManifest = (ImageManifest & { readonly kind: 'dcml' }) | DstackManifest

const appCompose = v.object({
  manifest_version: v.union([v.number(), v.string()]),
  name: v.optional(v.string(), ''),
})

/** Reads a manifest of either kind. @throws DcmlError `manifest_malformed` */
export function parseWorkloadManifest(bytes: Uint8Array): WorkloadManifest {
  const json = readJson(bytes, MAX_MANIFEST_BYTES, 'manifest_malformed')
  if (typeof json !== 'object' || json === null || !('manifest_version' in json))
    return { kind: 'dcml', ...parseImageManifest(bytes) }
  const { name } = readValue(appCompose, json, 'manifest_malformed')
  return { kind: 'dstack', name, models: 'any' }
}
