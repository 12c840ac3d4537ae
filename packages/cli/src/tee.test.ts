import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pino from 'pino'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTee, type TeeFlags } from './tee.ts'

const log = pino({ level: 'silent' })
const open = (flags: TeeFlags) => openTee(flags, log)

let folder: string
let manifest: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dcml-cli-tee-'))
  manifest = join(folder, 'image.json')
  const fields = { v: 1, name: 'x', image: `sha256:${'0'.repeat(64)}`, command: [], env: {}, models: 'any' }
  await writeFile(manifest, JSON.stringify(fields))
})
afterAll(() => rm(folder, { recursive: true }))

test('configfs-tsm takes what one TEE needs, or both', async () => {
  const collateral = ['intel', 'https://pccs.example/', folder]
  const snpCertificates = ['amd', folder]
  for (const flags of [
    { collateral, eventLog: 'log.json' },
    { snpCertificates },
    { collateral, eventLog: 'log.json', snpCertificates, collateralCache: folder },
  ])
    expect(await open({ tee: 'configfs-tsm', manifest, ...flags })).toMatchObject({
      tee: { name: 'configfs-tsm', environment: 'production' },
    })
})

test('GPUs come with the TEE they belong to', async () => {
  const snp = { tee: 'configfs-tsm', manifest, snpCertificates: ['amd'] } as const
  const flags = { rims: ['nvidia', folder], ocsp: 'off', gpuSwitches: true }
  expect((await open({ ...snp, gpu: 'nvidia', ...flags })).tee.gpu?.name).toBe('nvidia')
  expect((await open(snp)).tee.gpu).toBeUndefined()
  const simulated = { tee: 'simulator', manifest, development: true } as const
  expect((await open({ ...simulated, gpu: 'simulator' })).tee.gpu?.name).toBe('simulator')
  for (const mixed of [{ ...snp, gpu: 'simulator' } as const, { ...simulated, gpu: 'nvidia' } as const])
    await expect(open(mixed)).rejects.toMatchObject({ code: 'gpu_unsupported' })
})

test('what is missing is named', async () => {
  for (const [flags, code] of [
    [{ tee: 'configfs-tsm' }, 'manifest_missing'],
    [{ tee: 'configfs-tsm', manifest }, 'collateral_missing'],
    [{ tee: 'configfs-tsm', manifest, collateral: ['intel'] }, 'event_log_missing'],
    [{ tee: 'configfs-tsm', manifest, eventLog: 'log.json', snpCertificates: ['amd'] }, 'collateral_missing'],
    [{ tee: 'dstack' }, 'collateral_missing'],
    [{ tee: 'dstack', collateral: ['intel'] }, 'tee_unavailable'],
    [{ tee: 'simulator', manifest: join(folder, 'none') }, 'file_unreadable'],
  ] as const)
    await expect(open(flags as TeeFlags)).rejects.toMatchObject({ code })
})
