import { readFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { loadEngine } from '../src/index.ts'
import { exportsOf, importsOf, modules } from './machine.ts'
import { measure } from './measure.ts'

const { engine, runtime, manifest } = await loadEngine()

describe('what NEAR sees of the runtime', () => {
  test('imports functions of env alone, each once', () => {
    for (const module of [modules.engine, modules.runtime]) {
      const imports = importsOf(module)
      expect(new Set(imports.map(({ module, kind }) => `${kind} of ${module}`))).toEqual(new Set(['function of env']))
      expect(new Set(imports.map(({ name }) => name)).size).toBe(imports.length)
    }
  })

  test('imports what the glue calls first, so that all others can be dropped', () => {
    expect(
      importsOf(modules.runtime)
        .map(({ name }) => name)
        .slice(0, manifest.directImports.length),
    ).toEqual(manifest.directImports)
  })

  test('keeps the table slots of the engine, on which a snapshot relies', () => {
    expect(measure(runtime).tableSlots).toBe(measure(engine).tableSlots)
  })

  test('exports no way to the parser', () => {
    expect(exportsOf(modules.runtime).sort()).toEqual(['invoke', 'memory'])
    expect(exportsOf(modules.engine).sort()).toEqual(['invoke', 'memory', 'prep_alloc', 'prep_eval', 'prep_imports'])
  })

  test('stays far inside the limits of protocol 86', () => {
    const figures = measure(runtime)
    // near/nearcore core/parameters/res/runtime_configs: limit_config
    expect(figures.functions + figures.imports).toBeLessThan(10_000)
    expect(figures.types).toBeLessThan(1024)
    expect(figures.largestBody).toBeLessThan(196_608 / 2)
    expect(figures.mostBlocks).toBeLessThan(5000 / 2)
    expect(figures.blocks).toBeLessThan(50_000 / 2)
    expect(figures.mostParameters).toBeLessThan(64)
    expect(figures.tableSlots).toBeLessThan(10_000)
    expect(figures.locals).toBeLessThan(1_000_000)
    expect(figures.mutableGlobals).toBe(1)
    expect(figures.customSections).toEqual([])
    expect(figures.features).toEqual(['nontrapping-fptoint', 'sign-ext'])
  })

  test('fits the size budget', () => {
    expect(engine.length).toBe(manifest.engine.bytes)
    expect(runtime.length).toBeLessThan(330_000)
  })
})

test('no path of the machine that built it is inside', () => {
  for (const bytes of [engine, runtime]) {
    const text = new TextDecoder('latin1').decode(bytes)
    expect(text).not.toMatch(/\/(home|work|tmp|root|usr|var|Users)\//)
    expect(text).not.toContain(process.cwd())
  }
})

test('the README states the hashes that Debian 12 gives, on every machine', async () => {
  if (manifest.inputs['clang-14'] !== '1:14.0.6-12') return
  const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8')
  expect(readme).toContain(`\`${manifest.engine.sha256}\``)
  expect(readme).toContain(`\`${manifest.runtime.sha256}\``)
})
