import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { type Abi, buildContract } from '../index.ts'

const abiOf = async (path: string): Promise<Abi> =>
  (await buildContract({ entry: fileURLToPath(new URL(`../../${path}`, import.meta.url)) })).abi
const named = ({ body }: Abi, name: string) => body.functions.find((f) => f.name === name)

test('a guarded contract says who may call what with which deposit', async () => {
  const abi = await abiOf('fixtures/vault.ts')
  const heads = abi.body.functions.map(({ name, kind, modifiers, deposit }) => [name, kind, modifiers, deposit])
  expect(heads).toEqual([
    ['init', 'call', ['init'], undefined],
    ['migrate', 'call', ['private'], undefined],
    ['put', 'call', undefined, undefined],
    ['get_note', 'view', undefined, undefined],
    ['add', 'call', ['payable'], undefined],
    ['move', 'call', ['payable'], { exactly: '1' }],
    ['ping', 'call', undefined, undefined],
    ['pinged', 'call', ['private'], undefined],
    ['forward', 'call', undefined, undefined],
    ['signed', 'view', undefined, undefined],
    ['signed_p256', 'view', undefined, undefined],
  ])
})

test('named records are definitions, the rest is in place', async () => {
  const abi = await abiOf('fixtures/vault.ts')
  const note = { $ref: '#/definitions/Note' }
  expect(named(abi, 'put')?.params?.args).toEqual([{ name: 'note', type_schema: note }])
  expect(named(abi, 'get_note')?.result?.type_schema).toEqual({ anyOf: [note, { type: 'null' }] })
  expect(named(abi, 'pinged')?.callbacks).toHaveLength(1)
  expect(abi.body.events[0]).toEqual({
    standard: 'vault',
    version: '1.0.0',
    event: 'noted',
    data: { type: 'object', properties: { note }, required: ['note'], additionalProperties: false },
  })
  expect(abi.body.root_schema.definitions).toEqual({
    Note: {
      type: 'object',
      properties: {
        by: { type: 'string', format: 'account-id', minLength: 2, maxLength: 64 },
        body: { type: 'string', maxLength: 100 },
        tags: { type: 'array', items: { type: 'string', enum: ['red', 'blue'] }, maxItems: 3 },
        sealed: { type: 'boolean' },
      },
      required: ['by', 'body', 'tags', 'sealed'],
      additionalProperties: false,
    },
  })
})

test('a plain contract has what its decorators and annotations say', async () => {
  const counter = await abiOf('fixtures/counter.ts')
  expect(named(counter, 'nothing')).toEqual({ name: 'nothing', doc: 'Does nothing.', kind: 'view' })
  expect(named(counter, 'increment')).toEqual({
    name: 'increment',
    kind: 'call',
    params: { serialization_type: 'json', args: [{ name: 'n', type_schema: { type: 'number' } }] },
    result: { serialization_type: 'json', type_schema: { type: 'number' } },
  })
  const registry = await abiOf('fixtures/registry.ts')
  expect(named(registry, 'pay')?.modifiers).toEqual(['payable'])
  expect(named(registry, 'done')?.modifiers).toEqual(['private'])
  expect(named(registry, 'init')?.modifiers).toEqual(['init'])
  expect(named(registry, 'put')?.params?.args).toEqual([{ name: 'note', type_schema: {} }])
  expect(named(await abiOf('fixtures/bare.ts'), 'ok')).toEqual({ name: 'ok', kind: 'call' })
})

test('the ABI that clients of hello are generated from is the one it builds to', async () => {
  const { body } = await abiOf('../../hello/src/hello.ts')
  const committed = new URL('../../../../hello/hello.abi.json', import.meta.url)
  expect(JSON.parse(await readFile(committed, 'utf8')).body).toEqual(body)
})
