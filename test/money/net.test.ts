// The net has no holes: for each rule that is broken a property notices, and each property notices something.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Broken, PROPERTIES, type Property } from './broken.ts'
import { FLAWS, type Flaw } from './flaws.ts'
import { live, lives, steal, thefts } from './lives.ts'

/** Within so many lives, from one seed; the slowest takes 30. */
const LIVES = 100
const SEED = 1

const THEFT = 'offline theft never pays'
const THEFTS: Flaw[] = ['the lock of a silent host goes back to it', 'the anti-rollback device takes every state']

const cases = Object.entries(FLAWS) as [Flaw, Property][]

test.each(cases)('%s: %s breaks', (flaw, property) => expectBroken(property, lives, (plan) => live(plan, flaw)))

test.each(THEFTS)('%s: theft pays', (flaw) => expectBroken(THEFT, thefts, (plan) => steal(plan, flaw)))

test('each property is broken by something', () => {
  expect([...new Set([THEFT, ...Object.values(FLAWS)])].toSorted()).toEqual(PROPERTIES.toSorted())
})

async function expectBroken(
  property: Property,
  plans: typeof lives,
  run: (plan: Parameters<typeof live>[0]) => Promise<unknown>,
): Promise<void> {
  const holds = async (plan: Parameters<typeof live>[0]): Promise<boolean> => {
    try {
      await run(plan)
      return true
    } catch (error) {
      if (!(error instanceof Broken)) throw error
      return !error.properties.includes(property)
    }
  }
  const result = await fc.check(fc.asyncProperty(plans, holds), { numRuns: LIVES, seed: SEED, endOnFailure: true })
  expect(result.errorInstance).toEqual(new Error('Property failed by returning false'))
}
