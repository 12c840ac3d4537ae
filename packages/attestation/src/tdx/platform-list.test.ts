// Lists of platforms: the one defence against a quote that was signed with a key extracted from some other machine.
import { toHex } from '@dcml/protocol'
import { createSimulator } from '@dcml/tee-simulator'
import { expect, test } from 'vitest'
import { development } from '../policy/presets.ts'
import { requirePlatform } from './accept.ts'
import type { Platform } from './pck.ts'
import { verifyTdxQuote } from './verify.ts'

const now = new Date('2026-11-21T12:00:00Z')
const [simulator, other] = await Promise.all([
  createSimulator({ now }),
  createSimulator({ now, seed: new Uint8Array(32).fill(1) }),
])

async function judge(platforms?: string[], machine = simulator) {
  const quote = machine.mintQuote({ imageH: new Uint8Array(32), reportData: new Uint8Array(64) })
  return verifyTdxQuote({
    quote,
    collateral: machine.collateral(),
    now,
    roots: [machine.rootDer],
    policy: development(platforms ? { platforms } : {}),
  })
}
const statusOf = async (platforms?: string[]) =>
  (await judge(platforms)).checks.find(({ name }) => name === 'platform_id')?.status

const { platform } = await judge()
const { platform: stranger } = await judge(undefined, other)
const [ppid, instance] = [toHex(platform!.ppid), toHex(platform!.platformInstanceId!)]

test('a machine is on the list by its PPID or by its platform instance id', async () => {
  expect(ppid).not.toBe(instance)
  expect(await statusOf([ppid])).toBe('pass')
  expect(await statusOf([instance])).toBe('pass')
  expect(await statusOf([instance.toUpperCase()])).toBe('pass')
  expect(await statusOf([toHex(stranger!.ppid), instance])).toBe('pass')
})

test('another machine is not, nor is one that is nearly the same', async () => {
  expect(await statusOf([toHex(stranger!.ppid), toHex(stranger!.platformInstanceId!)])).toBe('fail')
  expect(await statusOf([toHex(platform!.ppid.with(15, platform!.ppid[15]! ^ 1))])).toBe('fail')
  // a chip id of SEV-SNP is no platform of TDX, whatever it begins with
  expect(await statusOf([ppid.repeat(4)])).toBe('fail')
  expect((await judge([toHex(stranger!.ppid)])).ok).toBe(false)
})

test('an empty list accepts no machine; none at all does not ask', async () => {
  expect(await statusOf([])).toBe('fail')
  expect(await statusOf()).toBe('skipped')
})

test('a machine without platform instance id is on the list by its PPID alone', () => {
  const single: Platform = { ...platform!, platformInstanceId: undefined }
  expect(() => requirePlatform(single, [ppid])).not.toThrow()
  expect(() => requirePlatform(single, [instance])).toThrow('not on the list')
  expect(() => requirePlatform(single, ['undefined', ''])).toThrow('not on the list')
})

test('no platform is told of a quote that is not verified', async () => {
  const quote = simulator.mintQuote({ imageH: new Uint8Array(32), reportData: new Uint8Array(64) })
  const asked = { quote, collateral: simulator.collateral(), now, policy: development(), roots: [other.rootDer] }
  expect((await verifyTdxQuote(asked)).platform).toBeUndefined()
})
