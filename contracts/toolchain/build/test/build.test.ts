import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { buildContract, checkLimits } from '../src/index.ts'
import { BASE } from '../src/source/bundle.ts'
import { readModule } from '../src/wasm/module.ts'
import { Contract } from './host.ts'

const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url))
const packages = fileURLToPath(new URL('../node_modules', import.meta.url))

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'contract-build-'))
  await symlink(packages, join(folder, 'node_modules'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** Writes a contract and builds it with an output folder of its own. */
async function build(name: string, source: string, options: { budget?: number } = {}) {
  const entry = join(folder, `${name}.ts`)
  const out = join(folder, 'out', name)
  await writeFile(entry, source)
  await mkdir(out, { recursive: true })
  return { built: buildContract({ entry, out, ...options }), out }
}

test('wasm, ABI and JSON appear together and agree', async () => {
  const out = join(folder, 'together')
  const { wasm, sha256, abi, imports } = await buildContract({
    entry: fixture('guarded-counter.ts'),
    out,
    name: 'counter',
  })
  expect((await readdir(out)).sort()).toEqual(['counter.abi.json', 'counter.json', 'counter.wasm'])
  expect(new Uint8Array(await readFile(join(out, 'counter.wasm')))).toEqual(wasm)
  expect(createHash('sha256').update(wasm).digest('hex')).toBe(sha256)
  expect(JSON.parse(await readFile(join(out, 'counter.abi.json'), 'utf8'))).toEqual(abi)
  expect(JSON.parse(await readFile(join(out, 'counter.json'), 'utf8'))).toEqual({ sha256, bytes: wasm.length, imports })
})

test('the same source gives the same bytes, in another folder under another name too', async () => {
  const elsewhere = join(folder, 'some', 'deeper', 'place')
  await mkdir(elsewhere, { recursive: true })
  await cp(fixture('vault.ts'), join(elsewhere, 'renamed.ts'))
  const [first, second, moved] = await Promise.all([
    buildContract({ entry: fixture('vault.ts') }),
    buildContract({ entry: fixture('vault.ts') }),
    buildContract({ entry: join(elsewhere, 'renamed.ts') }),
  ])
  expect(second.sha256).toBe(first.sha256)
  expect(moved.sha256).toBe(first.sha256)
  expect(moved.abi.body).toEqual(first.abi.body)
})

test('a contract keeps within every limit, in size and in what it imports', async () => {
  for (const name of ['counter.ts', 'guarded-counter.ts', 'bare.ts']) {
    const { wasm, imports } = await buildContract({ entry: fixture(name) })
    expect(checkLimits(wasm).filter(({ pass }) => !pass)).toEqual([])
    expect(wasm.length).toBeLessThanOrEqual(450_000)
    const module = readModule(wasm)
    expect(module.imports.every((i) => i.module === 'env')).toBe(true)
    expect(module.imports.map((i) => i.name)).toEqual(imports)
    expect(imports).not.toContain('p256_verify')
    expect(module.exports.some((e) => ['invoke', 'prep_eval', 'prep_alloc'].includes(e.name))).toBe(false)
  }
})

test('plain near-sdk-js works as it does with its own build', async () => {
  const contract = new Contract((await buildContract({ entry: fixture('counter.ts') })).wasm)
  expect((await contract.call('get_count')).returned).toBe(0)
  expect(await contract.call('increment', {})).toMatchObject({
    returned: 1,
    logs: ['counter is 1'],
    failure: undefined,
  })
  expect((await contract.call('increment', { n: 4 })).returned).toBe(5)
  expect((await contract.call('increment', {}, { deposit: 1n })).failure).toContain('Function is not payable')
  expect(contract.state).toEqual({ count: 5 })
  expect((await contract.call('nothing')).returned).toBeUndefined()
  const bare = new Contract((await buildContract({ entry: fixture('bare.ts') })).wasm)
  expect((await bare.call('ok')).returned).toBe('ok')
})

test('the sample of the README builds and counts', async () => {
  const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8')
  const { built } = await build('readme', readme.split('```ts\n')[1]?.split('```')[0] ?? '')
  const contract = new Contract((await built).wasm)
  expect(await contract.call('increment', { n: '2' })).toMatchObject({ returned: '2', failure: undefined })
})

test('gas stays near the recorded figures', async () => {
  // rough: no trie nodes, no function entries. The official pipeline takes 5.84 and 6.06 Tgas for the first two
  const plain = new Contract((await buildContract({ entry: fixture('counter.ts') })).wasm)
  expect((await plain.call('nothing')).gas).toBeLessThan(600_000_000_000n)
  await plain.call('increment')
  expect((await plain.call('increment')).gas).toBeLessThan(800_000_000_000n)
  const guarded = new Contract((await buildContract({ entry: fixture('guarded-counter.ts') })).wasm)
  await guarded.call('increment', { n: '1' })
  expect((await guarded.call('increment', { n: '1' })).gas).toBeLessThan(850_000_000_000n)
})

const head = `import { call, NearBindgen, near, view } from 'near-sdk-js'\n`
const guarded = (body: string) =>
  `import { NearBindgen, call, events, initialize, table, text, u8, view } from '${BASE}'\n${body}`
const contractOf = (method: string) => `${head}@NearBindgen({}) export class C {\n${method}\n}`

test.each<[string, string, string, string]>([
  ['a syntax error', 'contract_source', 'syntax', `${head}export class {`],
  ['a missing module', 'contract_source', 'missing', `import './nowhere.ts'\nexport function a() {}`],
  ['no contract', 'contract_source', 'none', 'export const a = 1'],
  ['an empty file', 'contract_source', 'empty', ''],
  ['a Node module', 'contract_unsupported', 'node', `import fs from 'node:fs'\nexport function a() { fs.rmSync('/') }`],
  ['an async method', 'contract_unsupported', 'async', contractOf('@call({}) async a() {}')],
  ['a static method', 'contract_unsupported', 'static', contractOf('@call({}) static a() {}')],
  ['a getter', 'contract_unsupported', 'getter', contractOf('@view({}) get a() { return 1 }')],
  ['a private method', 'contract_unsupported', 'private', contractOf('@view({}) #a() { return 1 }')],
  [
    'two contracts',
    'contract_unsupported',
    'two',
    `${contractOf('@view({}) a() {}')}\n@NearBindgen({}) class D { @view({}) b() {} }`,
  ],
  ['eval', 'contract_unsupported', 'eval', 'export function a() { eval("1") }'],
  ['Math.random', 'contract_unsupported', 'random', 'export function a() { Math.random() }'],
  ['normalize', 'contract_unsupported', 'normalize', 'export function a(s) { return s.normalize() }'],
  ['import()', 'contract_unsupported', 'dynamic', `export function a(s) { return import(s) }`],
  ['await at the top', 'contract_unsupported', 'await', 'await null\nexport function a() {}'],
  [
    'guards without their class',
    'contract_unsupported',
    'mixed',
    `import { NearBindgen } from 'near-sdk-js'\nimport { call } from '${BASE}'\n@NearBindgen({}) export class C { @call({}) a() {} }`,
  ],
  [
    'a class without its guards',
    'contract_unsupported',
    'mixed2',
    `import { NearBindgen } from '${BASE}'\nimport { call } from 'near-sdk-js'\n@NearBindgen() export class C { @call({}) a() {} }`,
  ],
  [
    'a function beside the guards',
    'contract_unsupported',
    'beside',
    guarded('@NearBindgen() export class C { @call({}) a() {} }\nexport function b() {}'),
  ],
  [
    'a field without schema',
    'contract_load',
    'field',
    guarded('@NearBindgen() export class C { x = 1; @call({}) a() {} }'),
  ],
  [
    'two tables of one name',
    'contract_load',
    'tables',
    guarded(
      "const t = [table('t', u8), table('t', u8)]\n@NearBindgen() export class C { @call({}) a() { t[0].set('a', 1) } }",
    ),
  ],
  [
    'an initialisation without state',
    'contract_load',
    'stateless',
    guarded('@NearBindgen() export class C { @initialize({}) a() {} }'),
  ],
  [
    'a guard of one’s own above @call, which would not run',
    'contract_unsupported',
    'above',
    guarded('const owners = () => {}\n@NearBindgen() export class C { @owners() @call({}) a() {} }'),
  ],
  [
    'two decorators of the base on one method',
    'contract_unsupported',
    'twice',
    guarded('@NearBindgen() export class C { @call({}) @view({}) a() {} }'),
  ],
  [
    'a private field, which no call would find again',
    'contract_unsupported',
    'forgetful',
    guarded('@NearBindgen() export class C { #paid = 0n; @call({}) a() { this.#paid += 1n } }'),
  ],
  [
    'a marked method under an alias, which would not be exported',
    'contract_source',
    'alias',
    guarded('const also = call\n@NearBindgen() export class C { @call({}) a() {}\n@also({}) b() {} }'),
  ],
  [
    'a decorator under the name of another',
    'contract_source',
    'disguise',
    `import { NearBindgen, call as view } from '${BASE}'\n@NearBindgen() export class C { @view({}) a() {} }`,
  ],
  [
    'a second class that marks a method of the same name',
    'contract_load',
    'shadow',
    guarded('@NearBindgen() export class C { @call({}) a() {} }\nclass D { @call({ deposit: "any" }) a() {} }'),
  ],
  [
    'an event that may not fit a log',
    'contract_source',
    'event',
    guarded(
      "const emit = events('e', '1', { said: { words: text(2725) } })\n@NearBindgen() export class C { @call({}) a() { emit('said', { words: '' }) } }",
    ),
  ],
  ['a method by the name of the memory', 'contract_unsupported', 'memory', 'export function memory() {}'],
  [
    'a host call while loading',
    'contract_load',
    'load',
    `${head}const me = near.currentAccountId()\nexport function a() { return me }`,
  ],
  ['a throw while loading', 'contract_load', 'throw', `export function a() {}\nthrow new Error('no')`],
])('%s is refused with %s and writes nothing', async (_, code, name, source) => {
  const { built, out } = await build(name, source)
  await expect(built).rejects.toMatchObject({ name: 'DcmlError', code, hint: expect.stringMatching(/\.$/) })
  expect(await readdir(out)).toEqual([])
})

test('an error in the source names file, line and column', async () => {
  const { built } = await build('place', `${head}\nimport { x } from './nowhere.ts'\nexport function a() { x() }`)
  await expect(built).rejects.toThrow(/place\.ts:3:\d+: Could not resolve/)
})

test('a contract over budget is refused by name, and an older build beside it stays whole', async () => {
  const { built, out } = await build('big', contractOf('@view({}) a() {}'))
  const before = await built
  const again = await build('big', contractOf('@view({}) a() { return 1 }'), { budget: 1_000 })
  await expect(again.built).rejects.toMatchObject({ code: 'contract_limit', details: { limit: 'bytes of the budget' } })
  expect(new Uint8Array(await readFile(join(out, 'big.wasm')))).toEqual(before.wasm)
  expect(await readdir(out)).toHaveLength(3)
})

test('an output that cannot be moved into place leaves none of the others behind', async () => {
  const out = join(folder, 'blocked')
  await mkdir(join(out, 'bare.abi.json', 'full'), { recursive: true })
  await expect(buildContract({ entry: fixture('bare.ts'), out })).rejects.toMatchObject({ code: 'contract_output' })
  expect(await readdir(out)).toEqual(['bare.abi.json'])
})

test('an output that is a link is replaced, not followed', async () => {
  const out = join(folder, 'linked')
  await mkdir(out)
  await writeFile(join(folder, 'precious'), 'mine')
  await symlink(join(folder, 'precious'), join(out, 'bare.wasm'))
  const { wasm } = await buildContract({ entry: fixture('bare.ts'), out })
  expect(await readFile(join(folder, 'precious'), 'utf8')).toBe('mine')
  expect(new Uint8Array(await readFile(join(out, 'bare.wasm')))).toEqual(wasm)
})

test.each([
  ['a path as name', { name: '../x' }],
  ['an empty name', { name: '' }],
  ['no budget', { budget: Number.NaN }],
  ['an option that does not exist', { optimise: true }],
])('%s is refused', async (_, options) => {
  await expect(buildContract({ entry: fixture('bare.ts'), ...options })).rejects.toMatchObject({
    code: 'contract_option_invalid',
  })
})

test('an entry is found through a link, and under a name with quotes', async () => {
  const real = join(folder, `it's "real"`)
  await mkdir(real)
  await writeFile(join(real, `a 'b'.ts`), contractOf('@view({}) a() {}'))
  await symlink(real, join(folder, 'link'))
  const { abi } = await buildContract({ entry: join(folder, 'link', `a 'b'.ts`), name: 'a' })
  expect(abi.body.functions).toHaveLength(1)
})

test('a method of one’s own may be called normalize', async () => {
  const { built } = await build(
    'own',
    'class A { normalize() { return 1 } }\nexport function a() { new A().normalize() }',
  )
  await expect(built).resolves.toMatchObject({ name: 'own' })
})

test('a folder that cannot be written is one error', async () => {
  const entry = fixture('bare.ts')
  await expect(buildContract({ entry, out: join(entry, 'inside') })).rejects.toMatchObject({ code: 'contract_output' })
})

const run = promisify(execFile)
const cli = (...args: string[]) =>
  run(
    process.execPath,
    ['--conditions=@dcml/source', fileURLToPath(new URL('../src/main.ts', import.meta.url)), ...args],
    {
      cwd: dirname(fixture('x')),
    },
  )

test('the command builds, and says in two lines what is wrong', async () => {
  const out = join(folder, 'cli')
  const { stdout } = await cli('build', 'bare.ts', '--out', out, '--json')
  const { sha256 } = JSON.parse(stdout)
  expect(
    createHash('sha256')
      .update(await readFile(join(out, 'bare.wasm')))
      .digest('hex'),
  ).toBe(sha256)
  const failed = await cli('build', 'nowhere.ts', '--out', out).catch((error) => error)
  expect(failed.code).toBe(1)
  expect(failed.stderr).toMatch(/^contract_source: Cannot read .*nowhere\.ts\.\n.*\.\n$/)
})
