/**
 * Builds `wasm/engine.wasm`, `wasm/runtime.wasm` and `wasm/engine.json`, once for each state of their inputs.
 * With `--verify` builds a second time from nothing and compares.
 */
import { DcmlError } from '@dcml/protocol'
import { ensureEngine } from './ensure.ts'

const say = (line: string): void => console.error(line)

try {
  const { engine, built } = await ensureEngine(say)
  const files = [engine.manifest.engine, engine.manifest.runtime]
  const [full, runtime] = files.map((file) => `${file.bytes.toLocaleString('en')} bytes, sha256 ${file.sha256}`)
  if (built) say(`Built the contract engine:\n  engine.wasm   ${full}\n  runtime.wasm  ${runtime}`)
  if (process.argv.includes('--verify')) await verify(files.map((file) => file.sha256))
} catch (error) {
  if (!DcmlError.isInstance(error)) throw error
  say(`${error.message}\n  ${error.hint}`)
  process.exitCode = 1
}

async function verify(expected: string[]): Promise<void> {
  const { buildEngine } = await import('./build.ts')
  const { manifest } = await buildEngine(say)
  const same = manifest.engine.sha256 === expected[0] && manifest.runtime.sha256 === expected[1]
  say(same ? 'A second build from nothing gives the same two hashes.' : 'A second build gives other bytes!')
  if (!same) process.exitCode = 1
}
