import { expect, test } from 'vitest'
import { withExports } from './exporter.ts'
import { lower } from './lower.ts'
import { withDirectNear } from './near-sdk.ts'

test('near comes from the module of its functions, other imports and line numbers stay', () => {
  const text = `import {\n  NearBindgen,\n  near,\n  type Bytes as B,\n} from 'near-sdk-js'\nnear.log(1)\n`
  const direct = withDirectNear('a.ts', text)
  expect(direct).toContain(`import { NearBindgen, type Bytes as B } from 'near-sdk-js'`)
  expect(direct).toContain(`import * as near from 'near-sdk-js/lib/api.js'`)
  expect(direct.split('\n')[5]).toBe('near.log(1)')
  expect(direct.split('\n')).toHaveLength(text.split('\n').length)
})

test('near under another name keeps that name, and a text without it stays as it is', () => {
  expect(withDirectNear('a.ts', `import { near as n } from 'near-sdk-js'`)).toContain('import * as n from')
  for (const text of [`import { near } from 'other'`, `import { view } from 'near-sdk-js'`])
    expect(withDirectNear('a.ts', text)).toBe(text)
})

test('let and const become var without changing what a closure sees', async () => {
  const source = 'const out = []; for (let i = 0; i < 3; i++) out.push(() => i); export const all = out.map((f) => f())'
  const code = await lower(source)
  expect(code).not.toMatch(/\b(let|const)\b/)
  const { all } = await import(`data:text/javascript,${encodeURIComponent(code)}`)
  expect(all).toEqual([0, 1, 2])
})

test('a method may be named like something the module already has', () => {
  const text = withExports({
    path: 'a.ts',
    text: `import { greet } from './logic.ts'`,
    className: 'C',
    guarded: false,
    functions: [],
    methods: [
      {
        name: 'greet',
        kind: 'call',
        flags: { payableFunction: false, privateFunction: false },
        params: [],
        returns: undefined,
      },
    ],
  })
  expect(text).toContain(`export { __dcml_greet as greet }`)
})
