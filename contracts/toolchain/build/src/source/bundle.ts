import { readFile } from 'node:fs/promises'
import { builtinModules, createRequire } from 'node:module'
import { basename, dirname } from 'node:path'
import { DcmlError } from '@dcml/protocol'
import { type BuildFailure, build, type Plugin } from 'esbuild'
import { badSource, unsupported } from '../errors.ts'
import { ENTER, ENTER_MODULE, exportedNames, withExports } from './exporter.ts'
import { slimNearSdk, withDirectNear } from './near-sdk.ts'
import type { ContractSource } from './read.ts'

/** The guarded base; always this package's own copy. */
export const BASE = '@dcml/contract-build/contract'

/** near-sdk-js needs lodash for this one function, on plain data it parsed itself. */
const CLONE_DEEP = `
export const cloneDeep = (value) => {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(cloneDeep)
  if (value instanceof Date) return new Date(value)
  const copy = Object.create(Object.getPrototypeOf(value))
  for (const key of Object.keys(value)) copy[key] = cloneDeep(value[key])
  return copy
}`

/** Name under which {@link bundle} exports the class's description with `describe`. */
export const SPEC = 'spec'

/**
 * The contract and all it imports as one ES module that exports one function per method, or, with `describe`, the
 * description of a class on our base.
 * @throws DcmlError `contract_source`, `contract_unsupported`
 */
export async function bundle(source: ContractSource, describe = false): Promise<string> {
  const names = describe ? SPEC : exportedNames(source).join(', ')
  try {
    const { outputFiles } = await build({
      stdin: {
        contents: `export { ${names} } from ${JSON.stringify(`./${basename(source.path)}`)}`,
        resolveDir: dirname(source.path),
      },
      bundle: true,
      write: false,
      format: describe ? 'iife' : 'esm',
      ...(describe && { globalName: SPEC }),
      platform: 'neutral',
      mainFields: ['module', 'main'],
      target: 'es2022',
      minifySyntax: true,
      legalComments: 'none',
      logLevel: 'silent',
      // near-sdk-js's semantics, whatever tsconfig lies around
      tsconfigRaw: { compilerOptions: { experimentalDecorators: true, useDefineForClassFields: false } },
      plugins: [modules(source, describe), slimNearSdk],
    })
    return outputFiles[0]?.text ?? ''
  } catch (cause) {
    throw inOwnWords(cause as BuildFailure)
  }
}

function modules(source: ContractSource, describe: boolean): Plugin {
  const virtual: Record<string, string> = { [ENTER_MODULE]: ENTER, 'lodash-es': CLONE_DEEP }
  const entry = describe ? `${source.text}\nexport const ${SPEC} = ${source.className}._spec` : withExports(source)
  return {
    name: 'contract',
    setup({ onLoad, onResolve }) {
      onResolve({ filter: /^(dcml:enter|lodash-es)$/ }, ({ path }) => ({ path, namespace: 'virtual' }))
      onLoad({ filter: /./, namespace: 'virtual' }, ({ path }) => ({ contents: virtual[path] ?? '' }))
      onResolve({ filter: new RegExp(`^${BASE}$`) }, () => ({
        path: createRequire(import.meta.url).resolve(BASE),
        sideEffects: false,
      }))
      onResolve({ filter: /./ }, ({ path, importer }) => {
        if (!path.startsWith('node:') && !builtinModules.includes(path)) return
        throw unsupported(`${importer} imports ${path}.`, 'A contract has no Node modules: use the host functions.')
      })
      onLoad({ filter: /\.[cm]?[jt]s$/, namespace: 'file' }, async ({ path }) => {
        if (path === source.path) return { contents: withDirectNear(path, entry), loader: 'ts' }
        if (path.includes('/node_modules/')) return
        const text = await readFile(path, 'utf8')
        return { contents: withDirectNear(path, text), loader: 'ts' }
      })
    },
  }
}

function inOwnWords(failure: BuildFailure): DcmlError {
  const [first] = failure.errors ?? []
  if (DcmlError.isInstance(first?.detail)) return first.detail
  if (!first) return badSource(String(failure), failure)
  const { location, text } = first
  return badSource(location ? `${location.file}:${location.line}:${location.column + 1}: ${text}` : text, failure)
}
