import { DcmlError } from '@dcml/protocol'
import binaryen from 'binaryen'

/**
 * Holds the runtime to what contract-build relies on: functions of `env` are its only imports, those the glue
 * calls itself come first, and every other one is reached through the table alone (README, step 4).
 *
 * @returns the names of the imports the glue calls itself
 * @throws DcmlError `engine_build_failed`
 */
export function directImports(runtime: Uint8Array): string[] {
  const text = textForm(runtime)
  const imports = [...text.matchAll(/^ \(import "([^"]*)" "([^"]*)" \((\w+) (\$[^\s)]+)/gm)].map(
    ([, module, name, kind, internal]) => ({ module, name: name!, kind, internal }),
  )
  const stranger = imports.find(({ module, kind }) => module !== 'env' || kind !== 'func')
  if (stranger) throw broken(`it imports the ${stranger.kind} ${stranger.module}.${stranger.name}`)

  const called = new Set([...text.matchAll(/\((?:return_)?call (\$[^\s)]+)/g)].map(([, internal]) => internal))
  const firstIndirect = imports.findIndex(({ internal }) => !called.has(internal))
  const direct = firstIndirect < 0 ? imports : imports.slice(0, firstIndirect)
  const late = imports.slice(direct.length).find(({ internal }) => called.has(internal))
  if (late) throw broken(`it calls ${late.name}, which is not among its first ${direct.length} imports`)
  return direct.map(({ name }) => name)
}

/** WebAssembly text, in which a call names the function it calls. */
function textForm(wasm: Uint8Array): string {
  const module = binaryen.readBinary(wasm)
  try {
    return module.emitText()
  } finally {
    module.dispose()
  }
}

const broken = (what: string): DcmlError =>
  new DcmlError('engine_build_failed', `the engine does not keep its promise to contract-build: ${what}`, {
    hint: 'In c/host-table.h list every host function the glue calls by name under DIRECT_HOST_FUNCTIONS, and only those.',
  })
