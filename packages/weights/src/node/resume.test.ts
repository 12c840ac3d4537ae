import { lstat, mkdir, open, readFile, rename, stat, symlink, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Collector, codeOf, pattern, SMALL, tempFolder, writeModel } from '../../test/support.ts'
import { composeHeader, drawSecrets } from '../compose.ts'
import { type ContainerHeader, encodeFrame } from '../header.ts'
import { generateModelKey, keyId } from '../keys.ts'
import { checkCommitment, SegmentCipher } from '../segments.ts'
import { unwrapKey, wrapKey } from '../wrap.ts'
import { inspectContainer } from './container.ts'
import { nodeCrypto } from './crypto.ts'
import { openModel } from './open.ts'
import { type SealOptions, sealWith } from './seal.ts'

const { sk, pk } = generateModelKey()
const content = pattern(9 * SMALL + 77)
const SEALED = SMALL + 16

interface Setup {
  folder: string
  source: string
  out: string
  seal: (more?: Partial<SealOptions>) => ReturnType<typeof sealWith>
}

async function setUp(): Promise<Setup> {
  const folder = await tempFolder()
  const source = await writeModel(join(folder, 'm'), { a: content.subarray(0, 3000), b: content.subarray(3000) })
  const out = join(folder, 'x.dcmw')
  const seal = (more: Partial<SealOptions> = {}) =>
    sealWith({ source, out, recipients: [pk], resume: { sk }, ...more }, { leafSize: SMALL })
  return { folder, source, out, seal }
}

/** Seals until `segments` segments are done, then stops as Ctrl-C does. */
async function interrupt({ seal }: Setup, segments: number): Promise<void> {
  const stop = new AbortController()
  const onProgress = ({ phase, done }: { phase: string; done: number }) => {
    if (phase === 'seal' && done >= segments * SMALL) stop.abort(new Error('stopped'))
  }
  await expect(seal({ signal: stop.signal, onProgress })).rejects.toThrow('stopped')
}

async function opensToContent({ out }: Setup): Promise<void> {
  const collected = new Collector()
  await openModel({ container: out, sk, into: collected.into })
  expect(collected.bytes).toEqual(content)
}

const crash = (): never => {
  throw new Error('stopped')
}

const partial = ({ out }: Setup) => `${out}.partial`

test('an interrupted seal leaves no container, and resumes where it stopped', async () => {
  const setup = await setUp()
  await interrupt(setup, 4)
  await expect(stat(setup.out)).rejects.toThrow('ENOENT')
  const { segmentsKept } = await setup.seal()
  expect(segmentsKept).toBe(4)
  await opensToContent(setup)
  await expect(stat(partial(setup))).rejects.toThrow('ENOENT')
})

test('a resumed container equals the uninterrupted one byte for byte, whatever was lost', async () => {
  const setup = await setUp()
  await setup.seal()
  const whole = Uint8Array.from(await readFile(setup.out))
  await fc.assert(
    fc.asyncProperty(fc.nat(9), fc.integer({ min: 1, max: 10 }), fc.boolean(), async (from, count, zero) => {
      const damaged = whole.slice()
      const lost = damaged.subarray(4096 + from * SEALED, 4096 + (from + count) * SEALED)
      if (zero) lost.fill(0)
      else lost.set(pattern(lost.length))
      await writeFile(partial(setup), damaged)
      const { segmentsKept } = await setup.seal()
      expect(segmentsKept).toBe(10 - Math.min(count, 10 - from))
      expect(Buffer.compare(await readFile(setup.out), whole)).toBe(0)
    }),
    { numRuns: 25 },
  )
})

test('a file cut anywhere resumes too', async () => {
  const setup = await setUp()
  await setup.seal()
  const whole = Uint8Array.from(await readFile(setup.out))
  for (const size of [0, 50, 4096, 4096 + SEALED, whole.length - 1]) {
    await writeFile(partial(setup), whole)
    await truncate(partial(setup), size)
    await setup.seal()
    await opensToContent(setup)
    if (size >= 4096) expect(Buffer.compare(await readFile(setup.out), whole)).toBe(0)
  }
})

test('a draft that was started without a key is replaced', async () => {
  const setup = await setUp()
  await expect(
    setup.seal({ resume: undefined, onProgress: ({ phase }) => phase === 'seal' && crash() }),
  ).rejects.toThrow('stopped')
  expect((await setup.seal()).segmentsKept).toBe(0)
  await opensToContent(setup)
})

test('without anything to resume, resume seals from the start', async () => {
  const setup = await setUp()
  expect((await setup.seal()).segmentsKept).toBe(0)
  await opensToContent(setup)
})

test('no nonce is used for two plaintexts: a changed source cannot be resumed into the same key', async () => {
  const setup = await setUp()
  await interrupt(setup, 4)
  const before = Uint8Array.from(await readFile(partial(setup)))
  const changed = content.slice(3000)
  changed[changed.length - 1]! ^= 1
  await writeModel(setup.source, { b: changed })
  expect(await codeOf(setup.seal())).toBe('model_source_changed')
  const after = Uint8Array.from(await readFile(partial(setup)))
  const last = 4096 + 9 * SEALED
  expect(after.subarray(last, last + 93)).toEqual(before.subarray(last, last + 93))
})

test('a changed source is noticed also when the table of leaves is lost', async () => {
  const setup = await setUp()
  await interrupt(setup, 4)
  await truncate(partial(setup), 4096 + 4 * SEALED)
  await writeModel(setup.source, { b: pattern(content.length - 3000, 5) })
  expect(await codeOf(setup.seal())).toBe('seal_resume_mismatch')
})

test('a forged table of leaves is not believed', async () => {
  const setup = await setUp()
  await interrupt(setup, 4)
  const file = await open(partial(setup), 'r+')
  const { size } = await file.stat()
  await file.write(pattern(32), 0, 32, size - 32)
  await file.close()
  await setup.seal()
  await opensToContent(setup)
})

test.each<[string, (setup: Setup) => Partial<SealOptions>]>([
  ['other recipients', () => ({ recipients: [generateModelKey().pk, pk] })],
  ['other metadata', () => ({ meta: { arch: 'x' } })],
  ['another contract', () => ({ contract: 'x.near' })],
  ['another source', ({ folder }) => ({ source: join(folder, 'm', 'a') })],
])('an interrupted seal is not continued with %s', async (_, change) => {
  const setup = await setUp()
  await interrupt(setup, 2)
  expect(await codeOf(setup.seal(change(setup)))).toBe('seal_resume_mismatch')
})

test('resuming needs the key of a recipient', async () => {
  const setup = await setUp()
  await interrupt(setup, 2)
  expect(await codeOf(setup.seal({ resume: { sk: generateModelKey().sk } }))).toBe('container_wrong_key')
})

test('a finished container that lost its middle is repaired under its partial name', async () => {
  const setup = await setUp()
  await setup.seal()
  const file = await open(setup.out, 'r+')
  await file.write(new Uint8Array(2 * SEALED), 0, 2 * SEALED, 4096 + 3 * SEALED)
  await file.close()
  await rename(setup.out, partial(setup))
  expect((await setup.seal()).segmentsKept).toBe(8)
  await opensToContent(setup)
  expect((await inspectContainer(setup.out)).plainSize).toBe(content.length)
})

/** Puts a draft in place whose content key someone else knows, and seals over it. */
async function sealOver(setup: Setup, header: ContainerHeader, cek: Uint8Array, recipients = [pk]): Promise<void> {
  const frame = new Uint8Array(4096)
  frame.set(encodeFrame(header))
  await writeFile(partial(setup), frame)
  const sealed = await setup.seal({ recipients })
  expect(() => checkCommitment(sealed.header, cek)).toThrow('commits to another content key')
  await opensToContent(setup)
}

test('whoever can write the draft does not choose the content key', async () => {
  const setup = await setUp()
  const { manifest } = await setup.seal()
  const secrets = drawSecrets()
  await sealOver(setup, await composeHeader(manifest, {}, [pk], secrets), secrets.cek)
})

test('a recipient cannot carry the content key it knows over to a container for others', async () => {
  const setup = await setUp()
  const [former, next] = [generateModelKey(), generateModelKey()]
  const { manifest, header } = await setup.seal({ recipients: [pk, former.pk] })
  const cek = await unwrapKey(header, former.sk)
  const wraps = [header.wraps[0]!, await wrapKey(header, cek, next.pk)]
  await sealOver(setup, { ...header, wraps }, cek, [pk, next.pk])

  const secrets = { ...drawSecrets(), cek, salt: Uint8Array.from(Buffer.from(header.salt, 'base64url')) }
  await sealOver(setup, await composeHeader(manifest, {}, [pk], secrets), cek)
})

test('a draft whose wrap does not open is replaced', async () => {
  const setup = await setUp()
  const { header } = await setup.seal()
  const cek = await unwrapKey(header, sk)
  const wraps = [{ ...(await wrapKey(header, cek, generateModelKey().pk)), kid: keyId(pk) }]
  await sealOver(setup, { ...header, wraps }, cek)
})

test('a segment that another recipient sealed into the draft is not kept', async () => {
  const setup = await setUp()
  const other = generateModelKey()
  const recipients = [pk, other.pk]
  const { header } = await setup.seal({ recipients })
  const whole = await readFile(setup.out)
  const cipher = new SegmentCipher(header, await unwrapKey(header, other.sk), nodeCrypto)
  await cipher.seal(3, pattern(SMALL, 9), whole.subarray(4096 + 3 * SEALED, 4096 + 4 * SEALED))
  await writeFile(partial(setup), whole)
  expect((await setup.seal({ recipients })).segmentsKept).toBe(9)
  await opensToContent(setup)
})

test('a link in place of the draft is replaced, not followed', async () => {
  const setup = await setUp()
  await setup.seal()
  const target = join(setup.folder, 'other')
  await rename(setup.out, target)
  const before = await readFile(target)
  for (const resume of [{ sk }, undefined]) {
    await symlink(target, partial(setup))
    expect((await setup.seal({ resume })).segmentsKept).toBe(0)
    expect(Buffer.compare(await readFile(target), before)).toBe(0)
    expect((await lstat(setup.out)).isFile()).toBe(true)
  }
})

test('a draft that is a folder is left alone', async () => {
  const setup = await setUp()
  await mkdir(partial(setup))
  await expect(setup.seal()).rejects.toThrow()
  expect((await stat(partial(setup))).isDirectory()).toBe(true)
})
