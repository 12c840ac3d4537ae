import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Engine, loadEngine } from '../load.ts'
import { installedPackages } from './compiler.ts'
import { sourceInputs } from './inputs.ts'
import { alone } from './lock.ts'
import { places } from './places.ts'

/** The built engine where it is whole and made from what lies here now. */
async function current(): Promise<Engine | undefined> {
  const built = await loadEngine().catch(() => undefined)
  if (!built) return undefined
  // On a machine without the compiler there is nothing newer to build with.
  const wanted = { ...(await sourceInputs()), ...(await installedPackages()) }
  const has = built.manifest.inputs
  return Object.entries(wanted).every(([name, value]) => has[name] === value) ? built : undefined
}

/** Builds `wasm/` unless it is current. `built` says whether it had to. */
export async function ensureEngine(say: (line: string) => void): Promise<{ engine: Engine; built: boolean }> {
  const ready = await current()
  if (ready) return { engine: ready, built: false }
  return alone(
    `dcml-contract-engine ${places.wasm}`,
    async () => {
      const meanwhile = await current()
      if (meanwhile) return { engine: meanwhile, built: false }
      // Loaded late: it brings 14 MB of binaryen, which a call that finds all current does without.
      const { buildEngine } = await import('./build.ts')
      const engine = await buildEngine(say)
      await save(engine)
      return { engine, built: true }
    },
    () => say('Another process is building the contract engine; waiting for it …'),
  )
}

/** Whole files only: each is written aside and renamed, the manifest that vouches for the others last. */
async function save({ engine, runtime, manifest }: Engine): Promise<void> {
  await mkdir(places.wasm, { recursive: true })
  await rm(join(places.wasm, 'engine.json'), { force: true })
  const files: [string, Uint8Array | string][] = [
    ['engine.wasm', engine],
    ['runtime.wasm', runtime],
    ['engine.json', `${JSON.stringify(manifest, null, 2)}\n`],
  ]
  for (const [name, content] of files) {
    const aside = join(places.wasm, `.${name}.${process.pid}`)
    await writeFile(aside, content)
    await rename(aside, join(places.wasm, name))
  }
}
