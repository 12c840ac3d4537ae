// What a web page pays for a verifier: the size of what it loads first, minified and gzipped.
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build, type Metafile } from 'esbuild'
import { describe, expect, test } from 'vitest'

interface Size {
  /** gzip bytes of the entry and of all that it imports at once. */
  readonly initial: number
  /** gzip bytes of what is loaded when it is needed, by the package that most of it comes from. */
  readonly later: Readonly<Record<string, number>>
  /** Our own source files in the initial chunks. */
  readonly sources: readonly string[]
}

async function bundle(contents: string): Promise<Size> {
  const { metafile, outputFiles } = await build({
    stdin: { contents, resolveDir: fileURLToPath(new URL('..', import.meta.url)) },
    bundle: true,
    minify: true,
    splitting: true,
    treeShaking: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    conditions: ['@dcml/source'],
    outdir: 'out',
    write: false,
    metafile: true,
    logLevel: 'silent',
  })
  const gzip = (name: string): number =>
    gzipSync(outputFiles.find(({ path }) => path.endsWith(name.replace(/^out/, '')))!.contents, { level: 9 }).length
  const names = Object.keys(metafile.outputs)
  const entry = names.find((name) => name.endsWith('/stdin.js'))!
  const initial = reachable(metafile.outputs, entry, ['import-statement'])
  const all = reachable(metafile.outputs, entry, ['import-statement', 'dynamic-import'])
  const later: Record<string, number> = {}
  for (const name of [...all].filter((name) => !initial.has(name))) {
    const part = packageOf(metafile.outputs[name]!)
    later[part] = (later[part] ?? 0) + gzip(name)
  }
  return {
    initial: [...initial].reduce((sum, name) => sum + gzip(name), 0),
    later,
    sources: [...initial].flatMap((name) => Object.keys(metafile.outputs[name]!.inputs)),
  }
}

/** A chunk and those that it leads to by imports of these kinds. */
function reachable(
  outputs: Metafile['outputs'],
  name: string,
  kinds: readonly string[],
  seen = new Set<string>(),
): Set<string> {
  if (seen.has(name)) return seen
  seen.add(name)
  for (const { path, kind } of outputs[name]!.imports) if (kinds.includes(kind)) reachable(outputs, path, kinds, seen)
  return seen
}

/** The package that most of a chunk comes from. */
function packageOf({ inputs }: Metafile['outputs'][string]): string {
  const [largest] = Object.entries(inputs).sort(([, a], [, b]) => b.bytesInOutput - a.bytesInOutput)
  const path = largest?.[0] ?? 'glue'
  return /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? path
}

const KB = 1024

describe('a page that verifies', () => {
  test('TDX quotes loads at most 30 KB', async () => {
    const { initial, later, sources } = await bundle(`export { verifyTdxQuote } from '@dcml/attestation'`)
    expect(initial).toBeLessThanOrEqual(30 * KB)
    expect(Object.keys(later)).toEqual(['@noble/curves'])
    expect(sources.filter((path) => /\/(snp|nvidia|hpke-channel|sealed)\//.test(path))).toEqual([])
  })

  test('evidence of every TEE loads at most 60 KB', async () => {
    const { initial, later, sources } = await bundle(`export { verifyEvidence } from '@dcml/attestation'`)
    expect(initial).toBeLessThanOrEqual(60 * KB)
    expect(Object.keys(later).sort()).toEqual(['@noble/curves', 'jose'])
    for (const part of ['tdx', 'snp', 'nvidia']) expect(sources.some((path) => path.includes(`/${part}/`))).toBe(true)
    expect(sources.filter((path) => path.includes('/node_modules/@noble/curves/') || path.includes('/jose/'))).toEqual(
      [],
    )
  })
})
