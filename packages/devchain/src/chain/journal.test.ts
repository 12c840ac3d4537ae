import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, cpSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { createDevchain } from '../devchain.ts'
import { readRecords } from './records-file.ts'
import { settle, world } from './test/steps.ts'

const top = mkdtempSync(join(tmpdir(), 'devchain-'))
afterAll(() => rmSync(top, { recursive: true, force: true }))
let folders = 0
const folder = () => join(top, `${folders++}`)
const fileOf = (data: string) => join(data, 'chain.journal')
const code = (code: string) => expect.objectContaining({ code })

/** A chain with some of everything, and its head after each block. */
function play(data: string): string[] {
  const chain = settle(createDevchain({ ...world, data }))
  const a = chain.account('a.near')
  chain.faults.delay({ receiverId: 'b.near' }, { blocks: 2 })
  a.call('b.near', 'chain', Uint8Array.of(1))
  chain.faults.fail({ receiverId: 'b.near' })
  a.transfer('b.near', 5n, { mayFail: true })
  chain.impersonate('c.near')
  chain.patchState([{ Data: { account_id: 'c.near', data_key: 'YQ==', value: 'Yg==' } }])
  chain.silence(['v1.near'])
  chain.advanceTime(123_456)
  a.transfer('c.near', 7n)
  chain.silence([])
  chain.fastForward(30)
  const heads = [...chain.blocks()].map(({ header }) => header.hash)
  chain.close()
  return heads
}

test('a chain reopens as it was, and goes on', () => {
  const data = folder()
  const heads = play(data)
  const chain = createDevchain({ ...world, data })
  expect([...chain.blocks()].map(({ header }) => header.hash)).toEqual(heads)
  chain.account('a.near').transfer('b.near', 1n)
  const { hash } = chain.head.header
  chain.close()
  const again = createDevchain({ ...world, data })
  expect(again.head.header.hash).toBe(hash)
  again.close()
})

test('cut anywhere in the last record, it reopens at the block before', () => {
  const data = folder()
  const heads = play(data)
  const file = readFileSync(fileOf(data))
  const { records, end } = readRecords(file)
  const last = 12 + (records.at(-1)?.length ?? 0)
  expect(end).toBe(file.length)
  for (let cut = 1; cut <= last; cut++) {
    writeFileSync(fileOf(data), file.subarray(0, file.length - cut))
    const { records: left } = readRecords(readFileSync(fileOf(data)))
    expect(left.length).toBe(records.length - 1)
  }
  for (const cut of [1, Math.floor(last / 2), last - 11, last]) {
    writeFileSync(fileOf(data), file.subarray(0, file.length - cut))
    const chain = createDevchain({ ...world, data })
    expect(chain.head.header.hash).toBe(heads.at(-2))
    chain.mine()
    const { hash } = chain.head.header
    chain.close()
    const again = createDevchain({ ...world, data })
    expect(again.head.header.hash).toBe(hash)
    again.close()
  }
})

test('killed while its first file is written, it starts anew', () => {
  const data = folder()
  createDevchain({ data }).close()
  for (const length of [0, 5, 10, 11, 40]) {
    truncateSync(fileOf(data), length)
    const chain = createDevchain({ data })
    expect(chain.head.header.height).toBe(0)
    chain.mine()
    chain.close()
  }
})

test('garbage after the last record goes, garbage before it is an error', () => {
  const data = folder()
  const heads = play(data)
  const file = readFileSync(fileOf(data))
  appendFileSync(fileOf(data), Uint8Array.of(1, 0, 0))
  const chain = createDevchain({ ...world, data })
  expect(chain.head.header.hash).toBe(heads.at(-1))
  chain.close()
  const damaged = Uint8Array.from(file)
  damaged[file.length >> 1] = (damaged[file.length >> 1] ?? 0) ^ 1
  writeFileSync(fileOf(data), damaged)
  expect(() => createDevchain({ ...world, data })).toThrow(code('devchain_data_damaged'))
  writeFileSync(fileOf(data), 'not a chain at all')
  expect(() => createDevchain({ ...world, data })).toThrow(code('devchain_data_damaged'))
})

test('another genesis is another chain', () => {
  const data = folder()
  createDevchain({ data }).close()
  expect(() => createDevchain({ data, seed: 'other' })).toThrow(code('devchain_data_mismatch'))
})

test('a chain is open in one place at a time', () => {
  const data = folder()
  const chain = createDevchain({ data })
  expect(() => createDevchain({ data })).toThrow(code('devchain_data_in_use'))
  chain.close()
  createDevchain({ data }).close()
  for (const gone of ['999999999', `${process.pid}`, 'nobody']) {
    writeFileSync(join(data, 'lock'), gone)
    createDevchain({ data }).close()
  }
})

test('a return to a snapshot is remembered', () => {
  const data = folder()
  const chain = createDevchain({ data })
  chain.mine(3)
  const { hash } = chain.head.header
  const there = chain.snapshot()
  chain.mine(5)
  chain.revert(there)
  chain.close()
  const again = createDevchain({ data })
  expect(again.head.header.hash).toBe(hash)
  again.close()
})

test('the file is rewritten once it is long, and blocks of before are still there', () => {
  const data = folder()
  const chain = createDevchain({ data, keepBlocks: 50 })
  const { hash } = chain.root.transfer('near', 1n)
  chain.mine(1010)
  expect(readRecords(readFileSync(fileOf(data))).records.length).toBeLessThan(100)
  chain.close()
  const again = createDevchain({ data, keepBlocks: 50 })
  expect(again.head.header.hash).toBe(chain.head.header.hash)
  expect(again.blockByHeight(chain.head.header.height - 40)?.header.hash).toBe(
    chain.blockByHeight(chain.head.header.height - 40)?.header.hash,
  )
  expect(again.outcome(hash)).toBeUndefined()
  again.close()
})

test('kill -9 while it writes leaves a chain that opens', async () => {
  const data = folder()
  const devchain = join(import.meta.dirname, '..', 'devchain.ts')
  const script = `
    import { createDevchain } from ${JSON.stringify(devchain)}
    const chain = createDevchain({ data: ${JSON.stringify(data)} })
    for (let i = 0; ; i++) {
      chain.root.transfer('near', 1n)
      if (i === 3) console.log('writing')
    }`
  for (let round = 0; round < 2; round++) {
    const child = spawn(process.execPath, ['--conditions=@dcml/source', '--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await once(child.stdout, 'data')
    await new Promise((resolve) => setTimeout(resolve, round * 20))
    child.kill('SIGKILL')
    await once(child, 'exit')
    const copy = folder()
    cpSync(data, copy, { recursive: true })
    const chain = createDevchain({ data: copy })
    expect(chain.head.header.height).toBeGreaterThanOrEqual(12)
    chain.root.transfer('near', 1n)
    chain.close()
  }
}, 30_000)
