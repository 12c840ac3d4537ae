// Dependencies run one way, down the floors of ARCHITECTURE (docs/architecture.md). A package may use what lies
// below it; development tools may use anything and nothing that ships may use them.
import { globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import ts from 'typescript'
import { expect, test } from 'vitest'

const root = join(import.meta.dirname, '..')

/** `dev` packages stand above every floor: nothing below floor 4 may depend on them at run time. */
const floors: Record<string, number> = {
  protocol: 0,
  attestation: 1,
  'contract-engine': 1,
  'light-client': 1,
  weights: 1,
  channels: 2,
  'contract-build': 2,
  near: 2,
  por: 2,
  training: 2,
  runtime: 3,
  client: 3,
  publisher: 3,
  watcher: 3,
  devchain: 3.5,
  'tee-simulator': 3.5,
  cli: 4,
}

/** Packages that ship data alone: a contract's wasm, built beforehand. */
const data: Record<string, number> = { 'contract-model': 2, 'contract-por': 2 }

/** Entries that must run in a browser: no `node:` import anywhere behind them. */
const portable = [
  ...['protocol', 'attestation', 'light-client', 'weights', 'near', 'channels', 'por'].map(
    (name) => `${name}/src/index.ts`,
  ),
  'attestation/src/services.ts',
  'client/src/browser.ts',
]

const read = (folder: string) => JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'))
const folders = new Map(
  globSync(['packages/*/package.json', 'contracts/toolchain/*/package.json'], { cwd: root })
    .map(dirname)
    .map((folder) => [read(folder).name.slice('@dcml/'.length) as string, folder]),
)
const names = [...folders.keys()]
const manifest = (name: string) => read(folders.get(name)!)
const importsOf = (path: string): string[] =>
  ts.preProcessFile(readFileSync(path, 'utf8'), true, true).importedFiles.map((file) => file.fileName)
const sources = (name: string) =>
  globSync(`${folders.get(name)}/src/**/*.ts`, { cwd: root })
    .filter((path) => !path.endsWith('.test.ts') && !path.includes('/assembly/'))
    .map((path) => join(root, path))

const allowed = (from: string, to: string): boolean => (floors[to] ?? data[to])! < floors[from]!

test('every package has a floor', () => {
  expect(names.toSorted()).toEqual(Object.keys(floors).toSorted())
})

test('the rule refuses what points up or sideways', () => {
  expect(allowed('client', 'protocol')).toBe(true)
  expect(allowed('protocol', 'client')).toBe(false)
  expect(allowed('attestation', 'weights')).toBe(false)
  expect(allowed('runtime', 'tee-simulator')).toBe(false)
})

test.each(names)('%s depends only on floors below it', (name) => {
  const { dependencies = {}, peerDependencies = {}, optionalDependencies = {} } = manifest(name)
  for (const dependency of Object.keys({ ...dependencies, ...peerDependencies, ...optionalDependencies }))
    if (dependency.startsWith('@dcml/')) expect(allowed(name, dependency.slice(6)), dependency).toBe(true)
})

test.each(names)('%s imports only from floors below it, and only entries that are declared', (name) => {
  const { dependencies = {}, peerDependencies = {} } = manifest(name)
  for (const path of sources(name)) {
    for (const specifier of importsOf(path)) {
      expect(specifier, path).not.toMatch(/^(\.\.\/)+(packages|test|scripts)\//)
      if (!specifier.startsWith('@dcml/')) continue
      const [, target] = specifier.split('/')
      expect(allowed(name, target!), `${path} imports ${specifier}`).toBe(true)
      expect({ ...dependencies, ...peerDependencies }, `${path} imports ${specifier}`).toHaveProperty(`@dcml/${target}`)
    }
  }
})

test.each(portable)('%s reaches no Node module', (entry) => {
  const seen = new Set<string>()
  const walk = (path: string): void => {
    if (seen.has(path)) return
    seen.add(path)
    for (const specifier of importsOf(path)) {
      expect(specifier, path).not.toMatch(/^node:/)
      if (specifier.startsWith('.')) walk(join(dirname(path), specifier))
    }
  }
  walk(join(root, 'packages', entry))
  expect(seen.size).toBeGreaterThan(0)
})

test.each(names)('%s publishes the entries it develops with', (name) => {
  const { exports, publishConfig } = manifest(name)
  const published = structuredClone(exports)
  for (const entry of Object.values<Record<string, string>>(published)) delete entry['@dcml/source']
  expect(publishConfig.exports).toEqual(published)
})
