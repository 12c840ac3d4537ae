// Whoever sends an ABI does not get to write code: what is generated holds types and data, whatever the ABI says.
import { DcmlError } from '@dcml/protocol'
import fc from 'fast-check'
import ts from 'typescript'
import { expect, test } from 'vitest'
import { generateClient } from './generate.ts'

const kinds = new Set([
  ts.SyntaxKind.ImportDeclaration,
  ts.SyntaxKind.TypeAliasDeclaration,
  ts.SyntaxKind.InterfaceDeclaration,
  ts.SyntaxKind.VariableStatement,
])

/** @throws where the source does anything but call contractType with data */
function requireHarmless(source: string): void {
  const file = ts.createSourceFile('client.ts', source, ts.ScriptTarget.Latest, true)
  const { parseDiagnostics } = file as unknown as { parseDiagnostics: readonly ts.Diagnostic[] }
  expect(parseDiagnostics.map(({ messageText }) => messageText)).toEqual([])
  expect(file.statements.filter(({ kind }) => !kinds.has(kind)).map((node) => node.getText())).toEqual([])
  const calls: string[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node)) calls.push(node.expression.getText())
    expect(ts.isFunctionLike(node) && !ts.isMethodSignature(node)).toBe(false)
    expect([ts.SyntaxKind.TemplateExpression, ts.SyntaxKind.NewExpression]).not.toContain(node.kind)
    ts.forEachChild(node, visit)
  }
  visit(file)
  expect(calls).toEqual(['contractType'])
}

const evil = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom(
    '*/ evil() /*',
    "'; evil(); '",
    "\\'; evil(); //",
    '`$' + '{evil()}`',
    '\n}\nevil()\n',
    '\u2028evil()//',
    '__proto__',
    'constructor',
    '#/definitions/x = 1; evil()',
    '); evil(',
  ),
)
const evilSchema = fc.oneof(
  fc.record(
    {
      type: fc.oneof(evil, fc.constantFrom('string', 'object', 'array', 'integer')),
      format: evil,
      $ref: evil,
      enum: fc.array(fc.oneof(evil, fc.array(evil, { minLength: 1 }), fc.record({ toString: evil }))),
      properties: fc.dictionary(evil, fc.record({ type: evil })),
      additionalProperties: fc.oneof(fc.boolean(), fc.record({ enum: fc.tuple(fc.tuple(evil)) })),
      items: fc.record({ enum: fc.tuple(fc.tuple(evil)) }),
      required: fc.array(evil),
    },
    { requiredKeys: [] },
  ),
  fc.jsonValue(),
)
const method = fc.record(
  {
    name: evil,
    doc: evil,
    kind: fc.constantFrom('view', 'call'),
    modifiers: fc.subarray(['init', 'private', 'payable']),
    params: fc.record({
      serialization_type: fc.constant('json'),
      args: fc.array(fc.record({ name: evil, type_schema: evilSchema }), { maxLength: 2 }),
    }),
    result: fc.record({ serialization_type: fc.constant('json'), type_schema: evilSchema }),
    deposit: fc.oneof(fc.record({ exactly: evil }), fc.record({ at_least: evil })),
  },
  { requiredKeys: ['name', 'kind'] },
)
const evilAbi = fc.record({
  schema_version: evil.map((text) => `0.${text}`),
  metadata: fc.record({ name: evil, version: evil, authors: fc.array(evil) }, { requiredKeys: [] }),
  body: fc.record({
    functions: fc.array(method, { maxLength: 2 }),
    events: fc.array(fc.record({ standard: evil, version: evil, event: evil, data: evilSchema }), { maxLength: 1 }),
    root_schema: fc.record({ definitions: fc.dictionary(evil, evilSchema, { maxKeys: 2 }) }),
  }),
})

test('an ABI cannot write code into its client', () => {
  let generated = 0
  fc.assert(
    fc.property(evilAbi, (abi) => {
      let source: string
      try {
        source = generateClient(abi, { name: 'Evil' })
      } catch (error) {
        expect(DcmlError.isInstance(error) && error.code).toBe('near_abi_invalid')
        return
      }
      generated++
      requireHarmless(source)
    }),
    { numRuns: 400 },
  )
  expect(generated).toBeGreaterThan(20)
})

const abiWith = (schema: unknown) => ({
  schema_version: '0.4.0',
  metadata: {},
  body: {
    functions: [
      { name: 'get', kind: 'view', result: { serialization_type: 'json', type_schema: schema } },
      { name: 'then', kind: 'view' },
    ],
  },
})

test('words of an enum that are no words stay data, and a client is no promise', () => {
  const source = generateClient(abiWith({ enum: [['1>\n}\nevil()\ninterface X {']] }))
  requireHarmless(source)
  expect(source).not.toMatch(/^ {2}then\(/m)
})

test.each<[string, unknown]>([
  ['a reference that is no text', { $ref: 5 }],
  ['alternatives that are no schemas', { anyOf: [null, 5] }],
  ['nesting without end', Array.from({ length: 20_000 }).reduce((items) => ({ type: 'array', items }), {})],
])('%s is no ABI', (_, schema) => {
  expect(() => generateClient(abiWith(schema))).toThrow(expect.objectContaining({ code: 'near_abi_invalid' }))
})

test.each(['class', 'contract-type', 'Promise', 'called'])(
  'a contract named %s is refused, as its client would not compile',
  (name) => {
    expect(() => generateClient(abiWith({ type: 'string' }), { name })).toThrow(
      expect.objectContaining({ code: 'near_abi_invalid' }),
    )
  },
)
