import { expect, test } from 'vitest'
import { Checklist, TDX_CHECKS, type TdxCheckName } from './checklist.ts'

const names = Object.keys(TDX_CHECKS) as TdxCheckName[]
const statusOf = (list: Checklist, name: TdxCheckName) =>
  list.finish().checks.find((check) => check.name === name)?.status

test('nothing checked is nothing passed', () => {
  const { ok, checks } = new Checklist().finish()
  expect(ok).toBe(false)
  expect(checks.map(({ name, status }) => [name, status])).toEqual(names.map((name) => [name, 'skipped']))
})

test('all passed is ok; one missing or failed is not', async () => {
  for (const odd of [undefined, ...names.slice(0, 5)])
    for (const step of [() => Promise.reject(new Error('no')), undefined]) {
      const list = new Checklist()
      for (const name of names) if (name !== odd) await list.run(name, [], () => true)
      if (odd && step) await list.run(odd, [], step)
      expect(list.finish().ok).toBe(odd === undefined)
    }
})

test('a waived check is skipped and leaves the verdict to the others', async () => {
  const list = new Checklist()
  for (const name of names) if (name !== 'image_h') await list.run(name, [], () => true)
  list.skip('image_h', 'any')
  expect(list.finish()).toMatchObject({ ok: true })
  expect(statusOf(list, 'image_h')).toBe('skipped')
})

test('what a failed check would have yielded skips those that need it', async () => {
  const list = new Checklist()
  const header = await list.run('quote_header', [], (): number => {
    throw new Error('too short')
  })
  const reached: unknown[] = []
  await list.run('tee_type', [header], (value) => reached.push(value))
  expect(reached).toEqual([])
  expect(statusOf(list, 'quote_header')).toBe('fail')
  expect(statusOf(list, 'tee_type')).toBe('skipped')
  expect(list.finish().checks.find(({ name }) => name === 'quote_header')?.why).toBe('too short')
})

test('zero and false are values, not missing ones', async () => {
  const list = new Checklist()
  expect(await list.run('tee_type', [0, false, ''], (...inputs) => inputs)).toEqual([0, false, ''])
  expect(statusOf(list, 'tee_type')).toBe('pass')
})
