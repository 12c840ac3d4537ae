// What a chain on disk does while the disk takes nothing.
import type * as Fs from 'node:fs'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, expect, test, vi } from 'vitest'
import { createDevchain } from '../devchain.ts'

const disk = vi.hoisted(() => ({ isFull: false, isImageRefused: false }))

vi.mock('node:fs', async (original) => {
  const fs = await original<typeof Fs>()
  const write: typeof fs.writeFileSync = (file, data, options) => {
    const isImage = (data as Uint8Array).length > 10_000
    if (!disk.isFull && !(disk.isImageRefused && isImage)) return fs.writeFileSync(file, data, options)
    fs.writeFileSync(file, (data as Uint8Array).slice(0, (data as Uint8Array).length >> 1), options)
    throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC', syscall: 'write' })
  }
  return { ...fs, writeFileSync: write }
})

const top = mkdtempSync(join(tmpdir(), 'devchain-full-'))
afterEach(() => {
  disk.isFull = false
})
afterAll(() => rmSync(top, { recursive: true, force: true }))
const refused = expect.objectContaining({ code: 'devchain_write_failed', message: expect.stringContaining('ENOSPC') })

/** Head of the chain in a folder, which has to open. */
function kept(data: string): { height: number; hash: string } {
  const chain = createDevchain({ data })
  const { height, hash } = chain.head.header
  chain.close()
  return { height, hash }
}

test('a block that cannot be written is an error, and the chain before it opens', () => {
  const data = join(top, 'block')
  const chain = createDevchain({ data })
  chain.mine(3)
  disk.isFull = true
  expect(() => chain.root.transfer('near', 1n)).toThrow(refused)
  expect(() => chain.mine()).toThrow(refused)
  expect(() => chain.close()).toThrow(refused)
  disk.isFull = false
  expect(kept(data).height).toBe(3)
})

test('with room again everything is written, what was refused too', () => {
  const data = join(top, 'again')
  const chain = createDevchain({ data })
  const there = chain.snapshot()
  chain.mine(3)
  disk.isFull = true
  expect(() => chain.mine()).toThrow(refused)
  disk.isFull = false
  chain.mine(2)
  const { hash } = chain.head.header
  disk.isFull = true
  expect(() => chain.revert(there)).toThrow(refused)
  disk.isFull = false
  chain.close()
  expect(hash).not.toBe(chain.head.header.hash)
  expect(kept(data)).toEqual({ height: 0, hash: chain.genesis.header.hash })
})

test('a chain that only its end could write is whole', () => {
  const data = join(top, 'end')
  const chain = createDevchain({ data })
  disk.isFull = true
  expect(() => chain.mine()).toThrow(refused)
  disk.isFull = false
  chain.close()
  expect(kept(data)).toMatchObject({ height: 1, hash: chain.head.header.hash })
})

test('blocks made in time warn once, and are written when there is room again', async () => {
  const data = join(top, 'interval')
  const warned = vi.spyOn(process, 'emitWarning').mockReturnValue()
  const chain = createDevchain({ data, mining: { mode: 'interval', ms: 1 } })
  disk.isFull = true
  await vi.waitUntil(() => chain.head.header.height > 3)
  disk.isFull = false
  const { height } = chain.head.header
  await vi.waitUntil(() => chain.head.header.height > height)
  chain.close()
  expect(warned.mock.calls.filter(([message]) => `${message}`.includes('ENOSPC'))).toHaveLength(1)
  warned.mockRestore()
  expect(kept(data).hash).toBe(chain.head.header.hash)
})

test('without room for a shorter file the long one serves', () => {
  const data = join(top, 'long')
  const chain = createDevchain({ data, keepBlocks: 20 })
  chain.mine(999)
  disk.isImageRefused = true
  chain.mine(2)
  disk.isImageRefused = false
  chain.close()
  expect(kept(data).height).toBe(1001)
})

test('a folder that cannot be one is an error that says so, and leaves no lock', () => {
  writeFileSync(join(top, 'file'), '')
  expect(() => createDevchain({ data: join(top, 'file', 'chain') })).toThrow(
    expect.objectContaining({ code: 'devchain_write_failed', message: expect.stringContaining('ENOTDIR') }),
  )
  disk.isFull = true
  expect(() => createDevchain({ data: join(top, 'new') })).toThrow(refused)
  disk.isFull = false
  expect(kept(join(top, 'new')).height).toBe(0)
})
