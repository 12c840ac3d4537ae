import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { demoModelRecord } from '../demo-model.ts'
import { speechCorpus, textCorpus } from './corpus.ts'

test('the corpus of the demo model is made again from its package', async () => {
  const corpus = await speechCorpus(demoModelRecord.corpus.seed as number)
  expect(corpus.source).toEqual(demoModelRecord.corpus)
  expect(corpus.rawH).toBe(demoModelRecord.rawH)
  expect(corpus.tokensH).toBe(demoModelRecord.tokensH)
})

test('a folder of texts and a file are corpora, nothing is not', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'dcml-corpus-'))
  const missing = expect.objectContaining({ code: 'corpus_missing' })
  try {
    await expect(textCorpus(folder, 1)).rejects.toThrow(missing)
    await expect(textCorpus(join(folder, 'none.txt'), 1)).rejects.toThrow(missing)
    const text = 'One sentence follows another in this text, and each of them is of a decent length. '.repeat(50)
    await writeFile(join(folder, 'a.txt'), text)
    await writeFile(join(folder, 'ignored.json'), '{}')
    const [one, all] = [await textCorpus(join(folder, 'a.txt'), 1), await textCorpus(folder, 1)]
    expect(one.train.length).toBeGreaterThan(1000)
    expect(one.tokensH).toBe(all.tokensH)
    expect(one.rawH).toMatch(/^[0-9a-f]{64}$/)
  } finally {
    await rm(folder, { recursive: true })
  }
})
