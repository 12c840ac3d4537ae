import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { loadEngine } from '@dcml/contract-engine'
import { DcmlError } from '@dcml/protocol'
import { base58 } from '@scure/base'
import * as v from 'valibot'
import manifest from '../package.json' with { type: 'json' }
import { describeSchemas, describeSource } from './abi/describe.ts'
import type { Abi } from './abi/types.ts'
import { assemble } from './assemble.ts'
import { DEFAULT_BUDGET, enforceLimits } from './limits.ts'
import { snapshot } from './snapshot.ts'
import { bundle } from './source/bundle.ts'
import { lower } from './source/lower.ts'
import { readSource } from './source/read.ts'

/** What to build. */
export interface BuildOptions {
  /** The module with the contract class: TypeScript or JavaScript. */
  readonly entry: string
  /** Folder for the files; made if missing. Without it nothing is written. */
  readonly out?: string
  /** Base name of the files and name in the ABI. Default: the entry's, without its ending. */
  readonly name?: string
  /** Largest wasm in bytes that passes. Default 512,000, half a second's worth of nothing but loading gas. */
  readonly budget?: number
}

const text = v.pipe(v.string(), v.minLength(1))
const optionsSchema = v.strictObject({
  entry: text,
  out: v.optional(text),
  name: v.optional(v.pipe(v.string(), v.regex(/^[\w-][\w.-]*$/, 'a name is letters, digits, -, _ and .'))),
  budget: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1)), DEFAULT_BUDGET),
})

/** What was built. */
export interface BuiltContract {
  readonly name: string
  readonly wasm: Uint8Array
  /** Lower-case hex. */
  readonly sha256: string
  readonly abi: Abi
  /** Host functions the wasm imports. */
  readonly imports: readonly string[]
}

/**
 * Builds a contract: near-sdk-js TypeScript in, `<name>.wasm`, `<name>.abi.json` and `<name>.json` (sha256, size,
 * imports) out. The same source, packages and engine give the same bytes. All three files appear, or none.
 *
 * @throws DcmlError `contract_option_invalid`, `contract_source` (does not compile, or no contract in it), `contract_unsupported` (asks for what
 *   a contract cannot have), `contract_load` (calls the host, or throws, while it loads), `contract_limit` (NEAR would
 *   refuse it, or it is over budget), `contract_output` (cannot write), `engine_missing`, `engine_damaged`
 */
export async function buildContract(options: BuildOptions): Promise<BuiltContract> {
  const { entry, out, name, budget } = parseOptions(options)
  const path = resolve(entry)
  const title = name ?? basename(path).replace(/\.[cm]?[jt]s$/, '')
  const [{ engine, runtime, manifest: made }, source] = await Promise.all([loadEngine(), readSource(path)])
  const prepared = await snapshot(engine, await lower(await bundle(source)))
  const wasm = assemble(runtime, prepared)
  enforceLimits(wasm, budget)

  const body = source.guarded ? describeSchemas(source, await bundle(source, true)) : describeSource(source)
  const hash = createHash('sha256').update(wasm).digest()
  const abi: Abi = {
    schema_version: '0.4.0',
    metadata: {
      name: title,
      build: {
        compiler: `@dcml/contract-engine ${made.runtime.sha256}`,
        builder: `@dcml/contract-build ${manifest.version}`,
      },
      wasm_hash: base58.encode(hash),
    },
    body,
  }
  const built = { name: title, wasm, sha256: hash.toString('hex'), abi, imports: prepared.imports }
  if (out !== undefined) await write(resolve(out), built)
  return built
}

function parseOptions(options: BuildOptions): v.InferOutput<typeof optionsSchema> {
  const result = v.safeParse(optionsSchema, options)
  if (result.success) return result.output
  const [{ message, path }] = result.issues
  throw new DcmlError('contract_option_invalid', `${path?.map(({ key }) => key).join('.') ?? 'options'}: ${message}.`, {
    hint: 'Correct the option.',
  })
}

async function write(folder: string, { name, wasm, sha256, abi, imports }: BuiltContract): Promise<void> {
  const json = (value: unknown) => `${JSON.stringify(value, undefined, 2)}\n`
  try {
    await mkdir(folder, { recursive: true })
    const draft = await mkdtemp(join(folder, '.building-'))
    try {
      const files = {
        [`${name}.wasm`]: wasm,
        [`${name}.abi.json`]: json(abi),
        [`${name}.json`]: json({ sha256, bytes: wasm.length, imports }),
      }
      for (const [file, content] of Object.entries(files)) await writeFile(join(draft, file), content)
      await moveAll(Object.keys(files), draft, folder)
    } finally {
      await rm(draft, { recursive: true, force: true })
    }
  } catch (cause) {
    throw new DcmlError('contract_output', `Cannot write the contract to ${folder}: ${(cause as Error).message}`, {
      hint: 'Name a folder that can be written.',
      cause,
    })
  }
}

/** All of them or none: what was moved before one failed is taken away again. */
async function moveAll(files: readonly string[], from: string, to: string): Promise<void> {
  const moved: string[] = []
  try {
    for (const file of files) {
      await rename(join(from, file), join(to, file))
      moved.push(file)
    }
  } catch (cause) {
    for (const file of moved) await rm(join(to, file))
    throw cause
  }
}
