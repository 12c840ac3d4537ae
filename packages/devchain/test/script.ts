// Contracts that call one host function after the other, as WebAssembly text.
import { paramsFor } from '../src/params/index.ts'
import { hostFunctions } from '../src/vm/host/table.ts'
import { wat } from './wasm/wat.ts'

/** A host function and its arguments; text stands for two of them, a length and a pointer, in that order. */
export type Step = readonly [name: string, ...args: (bigint | string)[]]

const table = hostFunctions(paramsFor(86))

const escaped = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => `\\${byte.toString(16).padStart(2, '0')}`).join('')

/** A module whose `main` takes the steps and drops what they return. */
export function script(steps: readonly Step[]): Uint8Array {
  const names = [...new Set(steps.map(([name]) => name))]
  const data: string[] = []
  let end = 0
  const place = (text: string): [length: bigint, pointer: bigint] => {
    const bytes = new TextEncoder().encode(text)
    data.push(`(data (i32.const ${end}) "${escaped(bytes)}")`)
    end += bytes.length
    return [BigInt(bytes.length), BigInt(end - bytes.length)]
  }
  const body = steps.map(([name, ...args]) => {
    const { params, result } = table[name]!
    const values = args.flatMap((arg) => (typeof arg === 'string' ? place(arg) : [arg]))
    const constants = values.map((value, at) => `(${params[at]}.const ${value})`).join(' ')
    const call = `(call $${name} ${constants})`
    return result === null ? call : `(drop ${call})`
  })
  const imports = names.map((name) => {
    const { params, result } = table[name]!
    const types = params.length === 0 ? '' : `(param ${params.join(' ')})`
    return `(import "env" "${name}" (func $${name} ${types} ${result === null ? '' : `(result ${result})`}))`
  })
  return wat(`(module ${imports.join('\n')} (memory 1) ${data.join('\n')} (func (export "main") ${body.join('\n')}))`)
}
