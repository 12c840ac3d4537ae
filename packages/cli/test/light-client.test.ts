import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { findVector } from '../../../test/vectors.ts'
import { dcml } from './dcml.ts'

const vectors = join(import.meta.dirname, '..', '..', 'light-client', 'vectors')

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dcml-light-client-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const check = (...args: string[]) => dcml(folder, ['light-client', 'check', ...args])

interface Item {
  readonly ok: boolean
  readonly expected: boolean
  readonly verdict: string
  readonly reason: string
  readonly checks: readonly { readonly name: string; readonly status: string }[]
}

test.each(['blocks.json', 'executions.json'])(
  'every item of %s gets the verdict it should, with the failed link',
  async (name) => {
    const path = join(vectors, name)
    const expected = JSON.parse(await readFile(path, 'utf8')) as {
      expected: { is_valid: boolean; error: string | null }
    }[]
    const { code, json } = await check(path, '--json')
    const { ok, items } = json as unknown as { ok: boolean; items: Item[] }
    expect({ code, ok }).toEqual({ code: 0, ok: true })
    expect(items.map((item) => item.verdict)).toEqual(expected.map((one) => one.expected.error ?? 'valid'))
    expect(items.map((item) => item.expected)).toEqual(expected.map((one) => one.expected.is_valid))
    for (const { verdict, reason, checks } of items) {
      expect(reason).toMatch(/./)
      const failed = checks.filter(({ status }) => status === 'fail').map((one) => one.name)
      if (/^(block|proof)_/.test(verdict))
        expect([verdict]).toEqual(failed.map((one) => `${verdict.split('_')[0]}_${one}`))
      else expect(failed).toEqual([])
    }
  },
)

test('an item that turns out other than its file says fails, and so does one that is refused', async () => {
  const [good] = JSON.parse(await readFile(join(vectors, 'executions.json'), 'utf8'))
  const write = async (name: string, content: unknown) => {
    await writeFile(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content))
    return name
  }
  const surprising = await check(await write('surprise.json', { ...good, expected: { is_valid: false } }), '--json')
  expect(surprising).toMatchObject({
    code: 1,
    json: { ok: false, items: [{ ok: true, expected: false, verdict: 'valid' }] },
  })
  const silent = await write('silent.json', { params: { ...good.params, block_merkle_root: null } })
  expect(await check(silent, '--json')).toMatchObject({ code: 1, json: { items: [{ verdict: 'proof_block_root' }] } })
  const odd = await write('odd.json', [good, 7, null, {}, { params: { new_block: null } }])
  const { code, json } = await check(odd, '--json')
  expect(code).toBe(1)
  expect((json as unknown as { items: Item[] }).items.map(({ verdict }) => verdict)).toEqual([
    'valid',
    'near_item_unknown',
    'near_item_unknown',
    'near_item_unknown',
    'near_header_invalid',
  ])
  expect(await check(await write('none.json', []), '--json')).toMatchObject({
    code: 1,
    json: { error: { code: 'near_items_none' } },
  })
  expect(await check(await write('text.json', '{'), '--json')).toMatchObject({
    code: 1,
    json: { error: { code: 'json_invalid' } },
  })
  expect(await check('absent.json', '--json')).toMatchObject({ code: 1, json: { error: { code: 'file_unreadable' } } })
  expect((await check()).code).toBe(2)
})

test('a raw answer is valid below a given root, and unanchored without one', async () => {
  const [{ params }] = JSON.parse(await readFile(join(vectors, 'executions.json'), 'utf8'))
  await writeFile(join(folder, 'raw.json'), JSON.stringify(params.proof))
  const open = await check('raw.json', '--json')
  expect(open).toMatchObject({
    code: 0,
    json: { items: [{ verdict: 'unanchored', blockMerkleRoot: params.block_merkle_root }] },
  })
  expect((await check('raw.json')).stdout).toMatch(/skipped\s+block_root[\s\S]*UNANCHORED/)
  expect(await check('raw.json', '--json', '--block-root', params.block_merkle_root)).toMatchObject({
    code: 0,
    json: { items: [{ verdict: 'valid' }] },
  })
  expect(await check('raw.json', '--json', '--block-root', params.proof.outcome_proof.id)).toMatchObject({
    code: 1,
    json: { items: [{ verdict: 'proof_block_root' }] },
  })
})

const published = ['blocks-mainnet.json', 'executions-mainnet.json', 'execution-testnet.json'] as const
test.skipIf(published.some((name) => findVector(`near/lightclient/${name}`) === undefined))(
  'the public vectors verify',
  async () => {
    for (const name of published) await writeFile(join(folder, name), findVector(`near/lightclient/${name}`)!)
    const { code, json } = await check(
      ...published,
      '--block-root',
      'WWrLWbWHwSmjtTn5oBZPYgRCuCYn6fkYVa4yhPWNK4L',
      '--json',
    )
    expect(code).toBe(0)
    expect((json as unknown as { items: Item[] }).items.map(({ verdict }) => verdict)).toEqual(Array(5).fill('valid'))
  },
)
