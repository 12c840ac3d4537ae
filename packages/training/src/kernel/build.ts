// Compiles the AssemblyScript kernels into `wasm.ts`. Development only: the compiled module is committed, and a test
// compiles again and compares.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import asc from 'assemblyscript/asc'

const options = [
  'assembly/index.ts',
  '--outFile=kernel.wasm',
  '-O3',
  '--noAssert',
  '--enable=simd',
  '--runtime=stub',
  '--importMemory',
]

/** The kernel module, compiled from source. */
export async function compileKernel(): Promise<Uint8Array> {
  let wasm: Uint8Array | undefined
  const { error, stderr } = await asc.main([...options, `--baseDir=${import.meta.dirname}`], {
    writeFile: (_name, contents) => {
      if (contents instanceof Uint8Array) wasm = contents
    },
  })
  if (error || !wasm) throw new Error(`assemblyscript: ${stderr.toString()}`, { cause: error })
  return wasm
}

if (import.meta.main) {
  const base64 = Buffer.from(await compileKernel()).toString('base64')
  const text = `// Compiled from ./assembly by \`pnpm kernel\`.\nexport const kernelWasm =\n  '${base64}'\n`
  writeFileSync(join(import.meta.dirname, 'wasm.ts'), text)
  console.error(`kernel: ${Math.ceil((base64.length / 4) * 3)} bytes`)
}
