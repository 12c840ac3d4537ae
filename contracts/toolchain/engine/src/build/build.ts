import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Engine } from '../load.ts'
import { compileEngine } from './compile.ts'
import { ensurePackages, isReference } from './compiler.ts'
import { directImports } from './guarantees.ts'
import { sourceInputs } from './inputs.ts'
import { places } from './places.ts'
import { QUICKJS, quickjsArchive } from './quickjs.ts'
import { makeRuntime } from './twin.ts'

/** The protocol version of c/host-table.h. */
const PROTOCOL_VERSION = 86

/** A clean build in a scratch folder; writes nothing that lasts but the downloaded source. */
export async function buildEngine(say: (line: string) => void): Promise<Engine> {
  const packages = await ensurePackages(say)
  if (!isReference(packages)) say('These compilers are not those of Debian 12: expect other bytes than it gives.')
  const archive = await quickjsArchive(say)
  const folder = await mkdtemp(join(places.cache, 'build-'))
  try {
    say('Compiling QuickJS and the glue (about 15 s) …')
    const engine = Uint8Array.from(await compileEngine(archive, folder))
    const runtime = Uint8Array.from(makeRuntime(engine))
    const manifest = {
      quickjs: QUICKJS.version,
      protocolVersion: PROTOCOL_VERSION,
      directImports: directImports(runtime),
      engine: describe(engine),
      runtime: describe(runtime),
      inputs: { ...(await sourceInputs()), ...packages },
    }
    return { engine, runtime, manifest }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const describe = (bytes: Uint8Array): Engine['manifest']['engine'] => ({
  bytes: bytes.length,
  sha256: createHash('sha256').update(bytes).digest('hex'),
})
