import { expect, test } from 'vitest'
import { PassLimits } from './pass-limits.ts'

const overloaded = expect.objectContaining({ code: 'overloaded', retryable: true })
const forever = (): Promise<never> => new Promise(() => {})
const failing = (): Promise<never> => Promise.reject(new Error('no'))

/** Tries until it is refused, and says how often that was possible. */
async function failures(limits: PassLimits, caller: (i: number) => string): Promise<number> {
  for (let i = 0; ; i++) {
    const error = await limits.run({ caller: caller(i), target: 't' }, failing).catch((fault: unknown) => fault)
    if ((error as { code?: string }).code === 'overloaded') return i
  }
}

test('few passes at once: in all, for one caller, and one to a target', async () => {
  const limits = new PassLimits(4, () => 0)
  const pass = (caller: string, target: string) => limits.run({ caller, target }, forever)
  void pass('a', 'x')
  await expect(pass('b', 'x')).rejects.toThrow(overloaded)
  void pass('a', 'y')
  await expect(pass('a', 'z')).rejects.toThrow(overloaded)
  void pass('b', 'z')
  void pass('c', 'w')
  await expect(pass('d', 'v')).rejects.toThrow(overloaded)
})

test('what succeeds is not counted', async () => {
  const limits = new PassLimits(4, () => 0)
  for (let i = 0; i < 50; i++) expect(await limits.run({ caller: 'a', target: 'x' }, async () => i)).toBe(i)
})

test('failures are counted per caller and in all, for a minute', async () => {
  let now = 0
  const limits = new PassLimits(4, () => now)
  expect(await failures(limits, () => 'a')).toBe(10)
  expect(await limits.run({ caller: 'b', target: 't' }, async () => 'fine')).toBe('fine')
  expect(await failures(limits, (i) => `caller ${i}`)).toBe(190)
  now += 59_000
  await expect(limits.run({ caller: 'b', target: 't' }, failing)).rejects.toMatchObject({ details: { retryAfter: 1 } })
  now += 1001
  expect(await failures(limits, () => 'a')).toBe(10)
})
