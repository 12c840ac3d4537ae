import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { concatBytes, toHex } from '@dcml/protocol'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Collector, pattern, SMALL, tempFolder, writeModel } from '../../test/support.ts'
import { generateModelKey } from '../keys.ts'
import { LEAF_SIZE, modelHOf } from '../manifest.ts'
import { inclusionProof, leafHash, merkleRoot, verifyInclusion } from '../merkle.ts'
import { inspectContainer } from './container.ts'
import { hashFiles, hashModel } from './hash.ts'
import { openModel } from './open.ts'
import { readRange } from './range.ts'
import { sealModel, sealWith } from './seal.ts'
import { listFiles } from './source.ts'

const { sk, pk } = generateModelKey()
// small, and around every boundary of a segment
const size = fc.oneof(
  fc.nat(40),
  fc.integer({ min: SMALL - 17, max: SMALL + 17 }),
  fc.constantFrom(2 * SMALL, 3 * SMALL + 1),
)
const sizes = fc.array(size, { minLength: 1, maxLength: 5 })

test('files of any sizes come back, whole and in part', async () => {
  const folder = await tempFolder()
  let round = 0
  await fc.assert(
    fc.asyncProperty(sizes, fc.nat(), fc.nat(), async (list, a, b) => {
      const files = Object.fromEntries(list.map((size, i) => [`${'abc'[i % 3]}${i}/f`, pattern(size, i)]))
      const source = await writeModel(join(folder, `m${round++}`), files)
      const container = join(folder, `m${round}.dcmw`)
      const sealed = await sealWith({ source, out: container, recipients: [pk] }, { leafSize: SMALL })
      const out = new Collector()
      const opened = await openModel({ container, sk, into: out.into, expectedModelH: sealed.modelH })
      expect(opened.manifest).toEqual(sealed.manifest)
      expect([...out.files.keys()].sort()).toEqual(Object.keys(files).sort())
      for (const [path, content] of Object.entries(files)) expect(out.file(path)).toEqual(content)
      expect(out.closed).toBe(list.length)

      const [path, content] = Object.entries(files)[a % list.length]!
      const offset = b % (content.length + 1)
      const length = a % (content.length - offset + 1)
      const part = await readRange({ container, sk, path, offset, length })
      expect(part).toEqual(content.slice(offset, offset + length))
    }),
    { numRuns: 60 },
  )
})

test('modelH is the same for the open model, the sealed one, and every sealing of it', async () => {
  const folder = await tempFolder()
  const source = await writeModel(join(folder, 'm'), { 'model.gguf': pattern(5000), 'config.json': pattern(20) })
  const { modelH, manifest } = await hashModel(source)
  const one = await sealModel({ source, out: join(folder, '1.dcmw'), recipients: [pk], meta: { license: 'MIT' } })
  const two = await sealModel({ source, out: join(folder, '2.dcmw'), recipients: [generateModelKey().pk] })
  expect([toHex(one.modelH), toHex(two.modelH)]).toEqual([toHex(modelH), toHex(modelH)])
  expect((await inspectContainer(join(folder, '1.dcmw'))).modelH).toBe(toHex(modelHOf(manifest)))
  const bodies = await Promise.all(['1.dcmw', '2.dcmw'].map((name) => readFile(join(folder, name))))
  expect(bodies[0]!.subarray(4096).equals(bodies[1]!.subarray(4096))).toBe(false)
})

test('a single file is a model, named by its own name', async () => {
  const folder = await writeModel(await tempFolder(), { 'x.gguf': pattern(10) })
  const { manifest } = await hashModel(join(folder, 'x.gguf'))
  expect(manifest).toEqual((await hashModel(folder)).manifest)
  expect(manifest.files.map((file) => file.path)).toEqual(['x.gguf'])
})

test('full-size segments, hashed on a thread of their own', async () => {
  const folder = await tempFolder()
  const content = pattern(17 * LEAF_SIZE + 5)
  const source = await writeModel(join(folder, 'm'), { a: content.subarray(0, 3), b: content.subarray(3) })
  const sealed = await sealModel({ source, out: join(folder, 'x.dcmw'), recipients: [pk] })
  const out = new Collector()
  await openModel({ container: join(folder, 'x.dcmw'), sk, into: out.into, expectedModelH: sealed.modelH })
  expect(Buffer.compare(out.bytes, content)).toBe(0)
  const leaves = Array.from({ length: 18 }, (_, i) => leafHash(content.subarray(i * LEAF_SIZE, (i + 1) * LEAF_SIZE)))
  expect(sealed.manifest.root).toBe(toHex(merkleRoot(leaves)))
})

test('one piece of a model is proven against modelH without the rest', async () => {
  const folder = await writeModel(await tempFolder(), { a: pattern(2500, 1), b: pattern(2500, 2) })
  const { manifest, leaves } = await hashFiles(await listFiles(folder), SMALL, {})
  const plaintext = concatBytes(pattern(2500, 1), pattern(2500, 2))
  const claim = {
    index: 3,
    count: leaves.length,
    proof: inclusionProof(leaves, 3),
    root: Buffer.from(manifest.root, 'hex'),
  }
  expect(verifyInclusion({ ...claim, leaf: leafHash(plaintext.subarray(3 * SMALL, 4 * SMALL)) })).toBe(true)
  expect(verifyInclusion({ ...claim, leaf: leafHash(plaintext.subarray(2 * SMALL, 3 * SMALL)) })).toBe(false)
})

test('progress counts every byte once per phase', async () => {
  const folder = await tempFolder()
  const source = await writeModel(join(folder, 'm'), { a: pattern(5 * SMALL) })
  const seen: string[] = []
  const onProgress = ({ phase, done, total }: { phase: string; done: number; total: number }) =>
    void seen.push(`${phase} ${done / SMALL}/${total / SMALL}`)
  const container = join(folder, 'x.dcmw')
  await sealWith({ source, out: container, recipients: [pk], onProgress }, { leafSize: SMALL })
  await openModel({ container, sk, into: new Collector().into, onProgress })
  expect(seen).toEqual(['hash', 'seal', 'open'].flatMap((phase) => [1, 2, 3, 4, 5].map((n) => `${phase} ${n}/5`)))
})
