import binaryen from 'binaryen'
import { expect, test } from 'vitest'
import { directImports } from './guarantees.ts'

const wasm = (fields: string): Uint8Array => {
  const module = binaryen.parseText(`(module ${fields})`)
  const bytes = module.emitBinary()
  module.dispose()
  return bytes
}

const imports = (...names: string[]): string =>
  names.map((name) => `(import "env" "${name}" (func $${name}))`).join(' ')

test('the imports that are called, when they come first', () => {
  const fields = `${imports('a', 'b', 'c')} (table 1 funcref) (elem (i32.const 0) $c)
    (func (export "x") (call $b) (call $a))`
  expect(directImports(wasm(fields))).toEqual(['a', 'b'])
  expect(directImports(wasm(`${imports('a')} (func (export "x") (call $a))`))).toEqual(['a'])
})

test('an import that is called but not among the first', () => {
  expect(() => directImports(wasm(`${imports('a', 'b')} (func (export "x") (call $b))`))).toThrow(
    'it calls b, which is not among its first 0 imports',
  )
})

test('an import of something else than a function of env', () => {
  expect(() => directImports(wasm('(import "wasi" "fd_write" (func $f)) (func (export "x") (call $f))'))).toThrow(
    'it imports the func wasi.fd_write',
  )
  expect(() => directImports(wasm('(import "env" "memory" (memory 1))'))).toThrow('it imports the memory env.memory')
})
