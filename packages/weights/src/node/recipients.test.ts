import { readdir, readFile, symlink, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Collector, codeOf, pattern, SMALL, tempFolder, writeModel } from '../../test/support.ts'
import { encodeFrame } from '../header.ts'
import { generateModelKey, keyId } from '../keys.ts'
import { inspectContainer, pendingHeaderPath } from './container.ts'
import { openModel } from './open.ts'
import { addRecipient } from './recipients.ts'
import { sealWith } from './seal.ts'

const content = pattern(3000)
const [charlie, bob, dave] = [generateModelKey(), generateModelKey(), generateModelKey()]

async function sealed(recipients: Uint8Array[]): Promise<string> {
  const folder = await tempFolder()
  const source = await writeModel(join(folder, 'm'), { a: content })
  const container = join(folder, 'x.dcmw')
  await sealWith({ source, out: container, recipients }, { leafSize: SMALL })
  return container
}

async function opens(container: string, sk: Uint8Array): Promise<boolean> {
  const out = new Collector()
  await openModel({ container, sk, into: out.into })
  return Buffer.compare(out.bytes, content) === 0
}

test('two recipients open the same container, a third does not', async () => {
  const container = await sealed([charlie.pk, bob.pk])
  expect(await opens(container, charlie.sk)).toBe(true)
  expect(await opens(container, bob.sk)).toBe(true)
  expect(await codeOf(opens(container, dave.sk))).toBe('container_wrong_key')
})

test('a recipient is added without touching a segment', async () => {
  const container = await sealed([charlie.pk])
  const before = await readFile(container)
  const header = await addRecipient({ container, sk: charlie.sk, recipient: bob.pk })
  expect(header.wraps.map((wrap) => wrap.kid)).toEqual([keyId(charlie.pk), keyId(bob.pk)])
  expect((await readFile(container)).subarray(4096).equals(before.subarray(4096))).toBe(true)
  expect(await opens(container, bob.sk)).toBe(true)
  expect(await opens(container, charlie.sk)).toBe(true)
  expect(await readdir(join(container, '..'))).toEqual(['m', 'x.dcmw'])
})

test('who can open it already is not added again', async () => {
  const container = await sealed([charlie.pk])
  const before = await readFile(container)
  await addRecipient({ container, sk: charlie.sk, recipient: charlie.pk })
  expect((await readFile(container)).equals(before)).toBe(true)
})

test('only a recipient can add one', async () => {
  const container = await sealed([charlie.pk])
  expect(await codeOf(addRecipient({ container, sk: bob.sk, recipient: bob.pk }))).toBe('container_wrong_key')
  expect(await codeOf(addRecipient({ container, sk: charlie.sk, recipient: bob.pk.subarray(1) }))).toBe(
    'model_key_malformed',
  )
})

test('the container moves when the padding is used up', async () => {
  const container = await sealed([charlie.pk])
  const many = Array.from({ length: 24 }, () => generateModelKey())
  for (const { pk } of many) await addRecipient({ container, sk: charlie.sk, recipient: pk })
  expect(encodeFrame(await inspectContainer(container)).length).toBeGreaterThan(4096)
  for (const { sk } of [charlie, many[0]!, many[23]!]) expect(await opens(container, sk)).toBe(true)
  expect(await readdir(join(container, '..'))).toEqual(['m', 'x.dcmw'])
})

test('a crash in the middle of writing the new header loses nothing', async () => {
  const container = await sealed([charlie.pk])
  const old = await readFile(container)
  const frame = encodeFrame(await addRecipient({ container, sk: charlie.sk, recipient: bob.pk }))
  for (const torn of [1, 9, 512, frame.length - 100, frame.length - 1]) {
    const bytes = Buffer.from(old)
    bytes.set(frame.subarray(0, torn))
    await writeFile(container, bytes)
    await writeFile(pendingHeaderPath(container), frame)
    expect(await opens(container, charlie.sk), `torn at ${torn}`).toBe(true)
  }
  await addRecipient({ container, sk: charlie.sk, recipient: dave.pk })
  expect(await readdir(join(container, '..'))).toEqual(['m', 'x.dcmw'])
  expect(await opens(container, dave.sk)).toBe(true)
})

test('of a pending header that has no end only the header is read', async () => {
  const container = await sealed([charlie.pk])
  await writeFile(pendingHeaderPath(container), encodeFrame(await inspectContainer(container)))
  await truncate(pendingHeaderPath(container), 2 ** 33)
  const torn = await readFile(container)
  torn[0]! ^= 1
  await writeFile(container, torn)
  expect(await opens(container, charlie.sk)).toBe(true)
})

test('links where the new header or copy is written are replaced, not followed', async () => {
  const container = await sealed([charlie.pk])
  const other = join(container, '..', 'other')
  await writeFile(other, 'kept')
  for (const name of ['.header', '.header.partial', '.rewrite']) await symlink(other, container + name)
  for (let i = 0; i < 24; i++) await addRecipient({ container, sk: charlie.sk, recipient: generateModelKey().pk })
  expect(await readFile(other, 'utf8')).toBe('kept')
  expect(await opens(container, charlie.sk)).toBe(true)
})
