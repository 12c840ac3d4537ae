import { createHash, createPublicKey, generateKeyPairSync } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { toHex } from '@dcml/protocol'
import { generateModelKey, publicKeyOf } from '@dcml/weights'
import { hashModel, openToFolder, verifyModelSignature } from '@dcml/weights/node'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { parseModelCard, publishModel, readKeyFile, readModelCard } from './index.ts'

let folder: string
let source: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dcml-publish-'))
  source = join(folder, 'weights')
  await mkdir(source)
  await writeFile(join(source, 'model.gguf'), Buffer.alloc(70_000, 'weights '))
  await writeFile(join(source, 'tokenizer.json'), '{}')
})
afterEach(() => rm(folder, { recursive: true }))

const options = () => ({
  source,
  out: join(folder, 'release'),
  name: 'Tide 1M',
  keyFile: join(folder, 'tide.key'),
  meta: { arch: 'llama', license: 'Apache-2.0' },
  contract: 'tide.near',
})

test('a release says what it is, opens with the key, and holds no secret', async () => {
  const signing = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const reader = generateModelKey()
  const { card, modelH, files } = await publishModel({
    ...options(),
    recipients: [reader.pk],
    signingKey: signing.privateKey,
  })
  const { modelH: expected, manifest } = await hashModel(source)
  expect(modelH).toEqual(expected)
  const container = await readFile(files.container)
  expect(await readModelCard(files.card)).toEqual(card)
  expect(card).toMatchObject({
    name: 'Tide 1M',
    modelH: toHex(expected),
    container: {
      file: 'model.dcmw',
      size: container.length,
      sha256: createHash('sha256').update(container).digest('hex'),
    },
    files: manifest.files,
    meta: { arch: 'llama', license: 'Apache-2.0', contract: 'tide.near' },
    signature: 'model.sig',
  })

  const sk = await readKeyFile(options().keyFile)
  expect(card.pk).toBe(toHex(publicKeyOf(sk)))
  for (const [name, key] of [
    ['owner', sk],
    ['reader', reader.sk],
  ] as const) {
    const opened = join(folder, name)
    await openToFolder({ container: files.container, folder: opened, sk: key, expectedModelH: modelH })
    expect(await readFile(join(opened, 'model.gguf'))).toEqual(await readFile(join(source, 'model.gguf')))
  }

  const bundle: unknown = JSON.parse(await readFile(files.signature ?? '', 'utf8'))
  const publicKey = createPublicKey(signing.publicKey.export({ type: 'spki', format: 'pem' }))
  expect(verifyModelSignature({ signature: bundle, manifest, publicKey }).ok).toBe(true)

  expect((await readdir(options().out)).sort()).toEqual(['model.dcmw', 'model.json', 'model.sig'])
  for (const file of await readdir(options().out)) {
    const content = await readFile(join(options().out, file))
    expect(content.includes(Buffer.from(sk))).toBe(false)
    expect(content.includes('weights weights')).toBe(false)
  }
})

test('the key that is there is used, and a second release has the same name', async () => {
  const first = await publishModel(options())
  const key = await readFile(options().keyFile)
  const again = await publishModel(options())
  expect(await readFile(options().keyFile)).toEqual(key)
  expect(again.modelH).toEqual(first.modelH)
  expect(again.card.pk).toBe(first.card.pk)
})

test('an interrupted release leaves no card and goes on when called again', async () => {
  const controller = new AbortController()
  const stopped = publishModel({
    ...options(),
    signal: controller.signal,
    onProgress: ({ phase }) => phase === 'seal' && controller.abort(new Error('stop')),
  })
  await expect(stopped).rejects.toThrow('stop')
  expect(await readdir(options().out)).not.toContain('model.json')
  const { card } = await publishModel(options())
  expect(toHex(publicKeyOf(await readKeyFile(options().keyFile)))).toBe(card.pk)
})

test('a name that is no name and a folder that is none are refused', async () => {
  await expect(publishModel({ ...options(), name: '' })).rejects.toMatchObject({ code: 'model_card_malformed' })
  await expect(publishModel({ ...options(), out: join(source, 'tokenizer.json') })).rejects.toMatchObject({
    code: 'publish_failed',
  })
})

test('a card from elsewhere meets one schema', async () => {
  const { card, files } = await publishModel(options())
  for (const wrong of [
    { ...card, v: 2 },
    { ...card, modelH: 'AB'.repeat(32) },
    { ...card, container: { ...card.container, file: '../../etc/passwd' } },
    { ...card, files: [{ path: 'x', size: -1, sha256: card.modelH }] },
    { ...card, extra: true },
    null,
  ])
    expect(() => parseModelCard(wrong)).toThrow(expect.objectContaining({ code: 'model_card_malformed' }))
  await expect(readModelCard(join(folder, 'none'))).rejects.toMatchObject({ code: 'model_card_not_found' })
  await expect(readModelCard(files.container)).rejects.toMatchObject({ code: 'model_card_malformed' })
})
