import { writeFileSync } from 'node:fs'
import { imageH, parseWorkloadManifest } from '@dcml/attestation'
import { DcmlError, toHex } from '@dcml/protocol'
import { readBytes, readJson } from './options.ts'

/**
 * The exact bytes of an image manifest or app-compose text, after a look that it is one: people write it by hand.
 * @throws DcmlError `manifest_malformed`, `file_unreadable`
 */
export function readManifest(path: string): Uint8Array {
  const bytes = readBytes(path)
  requireManifest(bytes, path)
  return bytes
}

/** What makes an image manifest one of a paid workload. */
export interface Paid {
  readonly network: { readonly networkId: string; readonly contract: string }
  readonly trustRoot: string
}

/**
 * Writes `network` and `trustRoot` into the manifest in a file, or into the member `dcml` of an app-compose file, and
 * tells its imageH then.
 * @throws DcmlError `manifest_malformed`, `json_invalid`, `file_unreadable`; the file is left as it was
 */
export function makePaid(path: string, { network, trustRoot }: Paid): string {
  const manifest = Object(readJson(path))
  const paid = { network, trustRoot }
  const made = isAppCompose(manifest) ? { dcml: { v: 1, ...Object(manifest.dcml), ...paid } } : paid
  const bytes = new TextEncoder().encode(`${JSON.stringify({ ...manifest, ...made }, null, 2)}\n`)
  requireManifest(bytes, path)
  writeFileSync(path, bytes)
  return toHex(imageH(bytes))
}

const isAppCompose = (manifest: object): manifest is { dcml?: unknown } => 'manifest_version' in manifest

function requireManifest(bytes: Uint8Array, path: string): void {
  try {
    parseWorkloadManifest(bytes)
  } catch (cause) {
    if (!DcmlError.isInstance(cause)) throw cause
    throw new DcmlError(cause.code, `${path} is no image manifest. ${cause.message}`, {
      hint: 'Its members are in the docs, under "What travels"; of a paid one `dcml light-client trust-root` writes two.',
      cause,
    })
  }
}
