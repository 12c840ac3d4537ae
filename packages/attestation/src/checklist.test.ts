import { expect, test } from 'vitest'
import { Checklist } from './checklist.ts'

const CATALOGUE = {
  header: 'There is a header.',
  kind: 'It is of the right kind.',
  name: 'It is on the list.',
} as const
const names = ['header', 'kind', 'name'] as const
const newList = () => new Checklist(CATALOGUE)
const statusOf = (list: ReturnType<typeof newList>, name: string) =>
  list.finish().checks.find((check) => check.name === name)?.status

test('nothing checked is nothing passed', () => {
  const { ok, checks } = newList().finish()
  expect(ok).toBe(false)
  expect(checks.map(({ name, status }) => [name, status])).toEqual(names.map((name) => [name, 'skipped']))
})

test('all passed is ok; one missing or failed is not', async () => {
  for (const odd of [undefined, ...names])
    for (const step of [() => Promise.reject(new Error('no')), undefined]) {
      const list = newList()
      for (const name of names) if (name !== odd) await list.run(name, [], () => true)
      if (odd && step) await list.run(odd, [], step)
      expect(list.finish().ok).toBe(odd === undefined)
    }
})

test('a waived check is skipped and leaves the verdict to the others', async () => {
  const list = newList()
  for (const name of names) if (name !== 'name') await list.run(name, [], () => true)
  list.skip('name', 'any')
  expect(list.finish()).toMatchObject({ ok: true })
  expect(statusOf(list, 'name')).toBe('skipped')
})

test('what a failed check would have yielded skips those that need it', async () => {
  const list = newList()
  const header = await list.run('header', [], (): number => {
    throw new Error('too short')
  })
  const reached: unknown[] = []
  await list.run('kind', [header], (value) => reached.push(value))
  expect(reached).toEqual([])
  expect(statusOf(list, 'header')).toBe('fail')
  expect(statusOf(list, 'kind')).toBe('skipped')
  expect(list.finish().checks.find(({ name }) => name === 'header')?.why).toBe('too short')
})

test('zero and false are values, not missing ones', async () => {
  const list = newList()
  expect(await list.run('kind', [0, false, ''], (...inputs) => inputs)).toEqual([0, false, ''])
  expect(statusOf(list, 'kind')).toBe('pass')
})
