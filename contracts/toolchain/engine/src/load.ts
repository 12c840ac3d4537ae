import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { DcmlError } from '@dcml/protocol'
import * as v from 'valibot'
import { type EngineFile, type EngineManifest, manifestSchema } from './manifest.ts'

/** The two modules a contract is built from, as bytes to instantiate or to rewrite. */
export interface Engine {
  /** Prepares a contract: exports `memory`, `prep_alloc`, `prep_eval`, `prep_imports`, `invoke`. */
  engine: Uint8Array<ArrayBuffer>
  /** Becomes the contract: exports `memory` and `invoke`, has no parser. */
  runtime: Uint8Array<ArrayBuffer>
  manifest: EngineManifest
}

const HINT = 'Install @dcml/contract-engine from npm; in a checkout run `npm run build`.'

/**
 * Reads the engine that came with this package, or that a checkout has built, and checks both modules against
 * the hashes of the manifest.
 *
 * @throws DcmlError `engine_missing` where there is none, `engine_damaged` where bytes and manifest disagree
 */
export async function loadEngine(folder: URL = new URL('../wasm/', import.meta.url)): Promise<Engine> {
  const manifest = await readManifest(new URL('engine.json', folder))
  const [engine, runtime] = await Promise.all([
    readModule(new URL('engine.wasm', folder), manifest.engine),
    readModule(new URL('runtime.wasm', folder), manifest.runtime),
  ])
  return { engine, runtime, manifest }
}

async function readFileOrSay(file: URL): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return await readFile(file)
  } catch (cause) {
    const name = file.pathname.split('/').at(-1)
    throw new DcmlError('engine_missing', `the contract engine has not been built: no ${name}`, { hint: HINT, cause })
  }
}

async function readManifest(file: URL): Promise<EngineManifest> {
  const bytes = await readFileOrSay(file)
  try {
    return v.parse(manifestSchema, JSON.parse(new TextDecoder().decode(bytes)))
  } catch (cause) {
    throw new DcmlError('engine_damaged', 'engine.json is not the manifest of an engine', { hint: HINT, cause })
  }
}

async function readModule(file: URL, expected: EngineFile): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await readFileOrSay(file)
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  if (sha256 === expected.sha256) return bytes
  throw new DcmlError('engine_damaged', `${file.pathname.split('/').at(-1)} is not the module engine.json describes`, {
    hint: HINT,
    details: { expected: expected.sha256, found: sha256 },
  })
}
