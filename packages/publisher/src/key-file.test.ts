import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { toBase64url } from '@dcml/protocol'
import { generateModelKey } from '@dcml/weights'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { readKeyFile, writeKeyFile } from './index.ts'

const disk = vi.hoisted(() => ({ full: false }))
vi.mock(import('node:fs/promises'), async (original) => {
  const real = await original()
  const open: typeof real.open = async (...where) => {
    const file = await real.open(...where)
    if (disk.full)
      file.writeFile = async (text) => {
        await file.write(`${text}`.slice(0, 90))
        throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })
      }
    return file
  }
  return { ...real, open }
})

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dcml-key-'))
})
afterAll(() => rm(folder, { recursive: true }))

const posix = test.skipIf(process.platform === 'win32')

test('a key survives its file', async () => {
  const path = join(folder, 'a.key')
  const { sk } = generateModelKey()
  await writeKeyFile(path, sk)
  expect(await readKeyFile(path)).toEqual(sk)
})

test('a key file is never replaced', async () => {
  const path = join(folder, 'b.key')
  await writeKeyFile(path, generateModelKey().sk)
  const before = await readFile(path)
  await expect(writeKeyFile(path, generateModelKey().sk)).rejects.toMatchObject({ code: 'key_file_exists' })
  expect(await readFile(path)).toEqual(before)
})

test('a full disk leaves nothing behind, and the same path works when there is room', async () => {
  const own = join(folder, 'full')
  await mkdir(own)
  const path = join(own, 'a.key')
  const { sk } = generateModelKey()
  disk.full = true
  await expect(writeKeyFile(path, sk).finally(() => (disk.full = false))).rejects.toMatchObject({
    code: 'key_file_unwritable',
    message: expect.stringContaining('ENOSPC'),
  })
  expect(await readdir(own)).toEqual([])
  await writeKeyFile(path, sk)
  expect(await readdir(own)).toEqual(['a.key'])
  expect(await readKeyFile(path)).toEqual(sk)
})

test('of many who write one file at a time one succeeds, and its key is whole', async () => {
  const own = join(folder, 'race')
  await mkdir(own)
  const path = join(own, 'a.key')
  const keys = Array.from({ length: 8 }, () => generateModelKey().sk)
  const written = await Promise.allSettled(keys.map((sk) => writeKeyFile(path, sk)))
  const winner = written.findIndex(({ status }) => status === 'fulfilled')
  for (const [i, outcome] of written.entries())
    if (i !== winner) expect(outcome).toMatchObject({ reason: { code: 'key_file_exists' } })
  expect(await readKeyFile(path)).toEqual(keys[winner])
  expect(await readdir(own)).toEqual(['a.key'])
})

posix('a link that leads nowhere is not followed', async () => {
  const path = join(folder, 'link.key')
  await symlink(join(folder, 'elsewhere.key'), path)
  await expect(writeKeyFile(path, generateModelKey().sk)).rejects.toMatchObject({ code: 'key_file_exists' })
  expect(await readdir(folder)).not.toContain('elsewhere.key')
})

posix('it is for its owner alone, and refused where others may read it', async () => {
  const path = join(folder, 'c.key')
  const { sk } = generateModelKey()
  await writeKeyFile(path, sk)
  expect((await stat(path)).mode & 0o777).toBe(0o600)
  for (const mode of [0o640, 0o604, 0o660, 0o620, 0o610]) {
    await chmod(path, mode)
    const error = await readKeyFile(path).catch((cause: unknown) => cause)
    expect(error).toMatchObject({ code: 'key_file_exposed', hint: expect.stringContaining('chmod 600') })
    expect(JSON.stringify(error)).not.toContain(toBase64url(sk))
  }
  await chmod(path, 0o400)
  expect(await readKeyFile(path)).toEqual(sk)
})

test('a damaged file is refused without a word of what is in it', async () => {
  const path = join(folder, 'd.key')
  const key = generateModelKey()
  const good = {
    v: 1,
    kind: 'dcml-model-key',
    pk: toBase64url(key.pk),
    sk: toBase64url(key.sk),
  }
  const secret = toBase64url(key.sk)
  const cases: unknown[] = [
    '',
    `{"sk":"${secret}"`,
    { ...good, v: 2 },
    { ...good, more: 1 },
    { ...good, kind: 'other' },
    { ...good, sk: secret.slice(1) },
    { ...good, pk: toBase64url(generateModelKey().pk) },
    'x'.repeat(5000),
  ]
  for (const content of cases) {
    await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content), { mode: 0o600 })
    const error = (await readKeyFile(path).catch((cause: unknown) => cause)) as Error
    expect(error).toMatchObject({ code: 'key_file_malformed' })
    expect(JSON.stringify(error) + error.stack + String(error.cause)).not.toContain(secret.slice(1))
  }
})

test('a missing file, a folder and an unwritable place each have their code', async () => {
  await expect(readKeyFile(join(folder, 'none'))).rejects.toMatchObject({ code: 'key_file_not_found' })
  await expect(readKeyFile(folder)).rejects.toMatchObject({ code: 'key_file_malformed' })
  await expect(writeKeyFile(join(folder, 'no', 'such'), generateModelKey().sk)).rejects.toMatchObject({
    code: 'key_file_unwritable',
  })
  await expect(writeKeyFile(join(folder, 'e.key'), new Uint8Array(31))).rejects.toMatchObject({
    code: 'model_key_malformed',
  })
})
