import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { buildContract } from '@dcml/contract-build'
import { loadEngine } from '@dcml/contract-engine'
import { expect, test } from 'vitest'
import { BUDGET } from '../src/budget.ts'

const built = buildContract({ entry: new URL('../src/por.ts', import.meta.url).pathname, budget: BUDGET })
const here = (file: string) => readFileSync(new URL(`../${file}`, import.meta.url))
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

test('por.abi.json is the ABI of the source, and por.wasm the code that the README names', async () => {
  const { abi } = await built
  expect(JSON.parse(here('por.abi.json').toString()).body).toEqual(JSON.parse(JSON.stringify(abi.body)))
  expect(here('README.md').toString()).toContain(sha256(here('por.wasm')))
})

test('a build from source gives the bytes of por.wasm, and the ABI names them', async ({ skip }) => {
  const { manifest } = await loadEngine()
  const compiler = manifest.inputs['clang-14']
  skip(compiler !== '1:14.0.6-12', `the engine was built with clang ${compiler}; the bytes are those of Debian 12`)
  const { wasm, abi } = await built
  expect(sha256(here('por.wasm'))).toBe(sha256(wasm))
  expect(JSON.parse(here('por.abi.json').toString()).metadata.wasm_hash).toBe(abi.metadata.wasm_hash)
})
