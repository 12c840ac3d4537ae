import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const root = join(import.meta.dirname, '..')
const names = [
  'fund', 'seal', 'deploy', 'serve-a', 'seed', 'serve-b', 'pass-key', 'publisher-gone', 'verify', 'other-hardware', 'offer', 'open', 'pay',
  'receipt', 'close', 'reconcile',
  'wrong-image', 'tampered-weights', 'relay', 'simulated-in-production', 'other-enclave', 'forged-proof', 'stale-head',
  'replayed-voucher', 'replayed-approval', 'overdraw', 'snapshot-restore',
  'por-network', 'por-late', 'por-cut', 'por-isolate', 'por-fast-close', 'offline-theft', 'silent-host',
  'an-hour-later', 'host-reads-disk',
] // biome-ignore format: in the order they are played

test('the demo plays every act, each ok', { timeout: 480_000 }, async () => {
  const printed = await new Promise<string>((resolve) =>
    execFile(
      process.execPath,
      ['--conditions=@dcml/source', 'packages/cli/src/main.ts', 'demo', '--json'],
      { cwd: root },
      (_, stdout) => resolve(stdout),
    ),
  )
  const { ok, acts } = JSON.parse(printed.trim().split('\n').at(-1)!) as {
    ok: boolean
    acts: { name: string; ok: boolean; proved: string }[]
  }
  expect(acts.filter((act) => !act.ok)).toEqual([])
  expect(acts.map(({ name }) => name)).toEqual(names)
  expect(ok).toBe(true)
})
