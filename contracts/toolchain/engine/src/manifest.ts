import * as v from 'valibot'

const sha256 = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/))
const file = v.object({ bytes: v.pipe(v.number(), v.integer(), v.minValue(1)), sha256 })

export const manifestSchema = v.object({
  quickjs: v.string(),
  protocolVersion: v.number(),
  directImports: v.array(v.string()),
  engine: file,
  runtime: file,
  inputs: v.record(v.string(), v.string()),
})

/** What `wasm/engine.json` says of the two modules beside it. */
export interface EngineManifest {
  /** The QuickJS release. */
  quickjs: string
  /** The NEAR protocol version whose host functions the engine knows. */
  protocolVersion: number
  /** Host functions every contract imports, because the glue calls them: the first imports of `runtime`. */
  directImports: string[]
  /** `engine.wasm`, with the parser: prepares a contract at build time. */
  engine: EngineFile
  /** `runtime.wasm`, without the parser: becomes the contract. */
  runtime: EngineFile
  /** Hashes and versions of everything the two were built from. */
  inputs: Record<string, string>
}

/** One of the two modules. */
export interface EngineFile {
  /** Its size. */
  bytes: number
  /** Its hash, 64 lower-case hex digits. */
  sha256: string
}
