import fc from 'fast-check'
import { expect, test } from 'vitest'
import abi from '../../contracts/model/model.abi.json' with { type: 'json' }
import { live, lives, steal, thefts } from './lives.ts'
import { MESSAGES } from './machine.ts'
import { checkEnd } from './properties.ts'
import { World } from './world.ts'

/** Some seconds each; docs/channels.md says how many were run once. */
const RUNS = Number(process.env.DCML_MONEY_RUNS ?? 250)

test('money: whatever honest and hostile parties do in whatever order, every property holds', async () => {
  const done = new Map<string, number>()
  const count = (name: string, times: number) => done.set(name, (done.get(name) ?? 0) + times)
  await fc.assert(
    fc.asyncProperty(lives, async (plan) => {
      const { chain, messages, sent, alice } = await live(plan)
      for (const [name, times] of [...chain.calls, ...messages]) count(name, times)
      for (const { completion } of sent.values()) count('token', completion)
      for (const { received } of alice.lines) count('token to Alice', Number(received.completionTokens))
    }),
    { numRuns: RUNS },
  )
  for (const name of [...new World().chain.methods, ...MESSAGES]) expect(done.get(name), name).toBeGreaterThan(0)
  expect(done.get('token')).toBeGreaterThan(RUNS)
  expect(done.get('token to Alice')).toBeGreaterThan(RUNS / 2)
})

test('the world has every method of the contract that changes anything', () => {
  const isPublic = ({ kind, modifiers }: { kind: string; modifiers?: string[] }) =>
    kind === 'call' && !modifiers?.some((modifier) => modifier === 'private' || modifier === 'init')
  const methods = abi.body.functions.filter(isPublic).map(({ name }) => name)
  expect(new World().chain.methods.toSorted()).toEqual(methods.toSorted())
})

test('offline-theft: whatever a payer that is its own host does, using without paying earns nothing', async () => {
  let [used, lost] = [0, 0]
  await fc.assert(
    fc.asyncProperty(thefts, async (plan) => {
      const world = await steal(plan)
      checkEnd(world, false)
      for (const { completion } of world.sent.values()) used += completion
      lost += world.chain.ended.filter(
        ({ channel, spent }) => channel.provider === 'mallory.test' && spent === null,
      ).length
    }),
    { numRuns: RUNS },
  )
  // it was tried
  expect(used).toBeGreaterThan(RUNS)
  expect(lost).toBeGreaterThan(RUNS / 4)
})
