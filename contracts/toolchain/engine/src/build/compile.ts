import { cp, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DcmlError } from '@dcml/protocol'
import { complaint, run } from './command.ts'
import { places } from './places.ts'
import { QUICKJS, unpackQuickjs } from './quickjs.ts'

const TARGET = '--target=wasm32-wasi'

/** `EMSCRIPTEN` is QuickJS' own switch for a machine without threads, computed goto and a native stack to measure. */
const FLAGS = [
  TARGET,
  '-Oz',
  '-msign-ext',
  '-mnontrapping-fptoint',
  '-fno-strict-aliasing',
  '-fwrapv',
  '-fno-builtin-memcpy',
  '-fno-builtin-memset',
  '-DEMSCRIPTEN',
  '-D_GNU_SOURCE',
  `-DCONFIG_VERSION="${QUICKJS.version}"`,
  '-Ic/shim',
  '-Iquickjs',
  '-w',
]

/** quickjs.c is part of engine.c; quickjs-libc.c, the part that knows files and processes, is not used at all. */
const UNITS = ['c/engine.c', 'quickjs/cutils.c', 'quickjs/dtoa.c', 'quickjs/libregexp.c', 'quickjs/libunicode.c']

async function must(command: string, args: readonly string[], cwd: string): Promise<string> {
  const finished = await run(command, args, { cwd })
  if (finished.status === 0) return finished.stdout.trim()
  throw new DcmlError('engine_build_failed', `${command} failed:\n${complaint(finished)}`, {
    hint: 'The lines above are the compiler’s own; with the packages of Debian 12 the committed sources compile.',
  })
}

/**
 * Compiles and links the engine in `folder`. All paths given to the compiler are relative, since QuickJS'
 * assertions keep the name of their source file and no machine's path belongs in the result.
 */
export async function compileEngine(archive: string, folder: string): Promise<Uint8Array> {
  await cp(places.glue, join(folder, 'c'), { recursive: true })
  await unpackQuickjs(archive, join(folder, 'quickjs'))
  const objects: string[] = []
  for (const unit of UNITS) {
    const object = `${unit.replace('/', '-')}.o`
    await must('nice', ['clang-14', ...FLAGS, '-c', unit, '-o', object], folder)
    objects.push(object)
  }
  // wasm-ld itself: the clang driver would run whatever wasm-opt lies in the path over the result.
  const builtins = await must('clang-14', [TARGET, '-rtlib=compiler-rt', '-print-libgcc-file-name'], folder)
  const libraries = ['-L/usr/lib/wasm32-wasi', '-lm', '-lc', builtins]
  const layout = ['--no-entry', '-z', 'stack-size=131072', '--stack-first', '--gc-sections', '--strip-debug']
  await must('wasm-ld-14', [...objects, ...libraries, ...layout, '-o', 'engine.wasm'], folder)
  return await readFile(join(folder, 'engine.wasm'))
}
