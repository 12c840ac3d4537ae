import fc from 'fast-check'
import { expect, test } from 'vitest'
import { program } from '../../test/wasm/generate.ts'
import { wasmParams } from '../../test/wasm/params.ts'
import { memoryImport, prepared } from '../../test/wasm/run.ts'
import { type WasmGlobal, type WasmMemory, webAssembly } from './host.ts'
import { prepareContract } from './prepare.ts'
import { METHOD_PREFIX, Stop } from './types.ts'

const choices = fc.uint8Array({ minLength: 300, maxLength: 1500, size: 'max' })

interface Seen {
  readonly calls: readonly bigint[]
  readonly memory: string
  readonly trap: string | undefined
}

/** Runs `main` of a module with a host function that answers by its argument, and looks at everything it left. */
function observe(module: never, main: string, gas?: bigint, missing = 0): Seen & { exports: Record<string, unknown> } {
  const calls: bigint[] = []
  const host = (value: bigint) => {
    calls.push(value)
    return value ^ 0x5555n
  }
  const { exports } = new webAssembly.Instance(module, { env: { host }, ...memoryImport(1024 - missing) })
  if (missing > 0) (exports.missing as WasmGlobal<number>).value = missing
  if (gas !== undefined) (exports.gas as WasmGlobal<bigint>).value = gas
  let trap: string | undefined
  try {
    ;(exports[main] as () => void)()
  } catch (error) {
    trap = (error as Error).message
  }
  const { buffer } = exports.memory as WasmMemory
  return {
    calls,
    memory: Buffer.from(buffer, 0, 2048).toString('hex'),
    trap,
    exports: exports as Record<string, unknown>,
  }
}

const compile = (bytes: Uint8Array) => new webAssembly.Module(bytes) as never
const seen = ({ calls, memory, trap }: Seen): Seen => ({ calls, memory, trap })

function globals({ exports }: { exports: Record<string, unknown> }): { gas: bigint; stack: bigint; stop: number } {
  const { gas, stack, stop } = exports as Record<string, WasmGlobal<never>>
  return { gas: gas!.value, stack: stack!.value, stop: stop!.value }
}

test('metered code does what the plain code does, and pays for each operator it runs', () => {
  fc.assert(
    fc.property(choices, (bytes) => {
      const { plain, counted } = program(bytes)
      const code = prepared(plain)
      const metered = observe(code.module as never, `${METHOD_PREFIX}main`, 10n ** 15n)
      const reference = observe(compile(counted), 'main')
      expect(seen(metered)).toEqual(seen(observe(compile(plain), 'main')))
      const { gas, stack, stop } = metered.exports as Record<string, WasmGlobal<bigint>>
      expect(10n ** 15n - gas!.value).toBe(
        (reference.exports.count as WasmGlobal<bigint>).value * BigInt(wasmParams.regularOpCost),
      )
      expect(stop!.value).toBe(Stop.none)
      if (metered.trap === undefined) expect(stack!.value).toBe(262_144n)
    }),
    { numRuns: 100 },
  )
})

test('with less gas than it needs, code stops for gas, having done only what it paid for', () => {
  fc.assert(
    fc.property(choices, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (bytes, share) => {
      const code = prepared(program(bytes).plain)
      const main = `${METHOD_PREFIX}main`
      const whole = observe(code.module as never, main, 10n ** 15n)
      const needed = 10n ** 15n - (whole.exports.gas as WasmGlobal<bigint>).value
      const limit = BigInt(Math.floor(Number(needed) * share))
      const part = observe(code.module as never, main, limit)
      expect((part.exports.stop as WasmGlobal<number>).value).toBe(Stop.gas)
      expect(part.calls).toEqual(whole.calls.slice(0, part.calls.length))
    }),
    { numRuns: 30 },
  )
})

test('with pages missing, code does what it does with all of them, or shows that it needs them', () => {
  fc.assert(
    fc.property(choices, fc.double({ min: 0, max: 2, noNaN: true }), (bytes, share) => {
      const code = prepared(program(bytes).plain)
      const main = `${METHOD_PREFIX}main`
      const needed = 10n ** 15n - globals(observe(code.module as never, main, 10n ** 15n)).gas
      const gas = BigInt(Math.floor(Number(needed) * share))
      const whole = observe(code.module as never, main, gas)
      const part = observe(code.module as never, main, gas, 1000)
      if (globals(part).stop === Stop.memory || part.trap?.includes('memory access out of bounds')) {
        expect(part.calls).toEqual(whole.calls.slice(0, part.calls.length))
        return
      }
      expect({ ...seen(part), ...globals(part) }).toEqual({ ...seen(whole), ...globals(whole) })
    }),
    { numRuns: 40 },
  )
})

test('the same code is always metered to the same result', () => {
  fc.assert(
    fc.property(choices, (bytes) => {
      const { plain } = program(bytes)
      const [first, second] = [prepareContract(plain, wasmParams), prepareContract(plain.slice(), wasmParams)]
      expect({ ...first, module: null }).toEqual({ ...second, module: null })
    }),
    { numRuns: 30 },
  )
})
