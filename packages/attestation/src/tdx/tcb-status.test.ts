import fc from 'fast-check'
import { expect, test } from 'vitest'
import { LEVEL_STATUSES, type LevelStatus, mergeTcbStatus, TCB_STATUSES } from './tcb-status.ts'

const status = fc.constantFrom(...LEVEL_STATUSES)

test.each<[LevelStatus, LevelStatus, LevelStatus]>([
  // Intel DCAP, convergeTcbStatusWithQeTcbStatus and convergeTcbStatusWithTdxModuleStatus
  ['UpToDate', 'OutOfDate', 'OutOfDate'],
  ['SWHardeningNeeded', 'OutOfDate', 'OutOfDate'],
  ['ConfigurationNeeded', 'OutOfDate', 'OutOfDateConfigurationNeeded'],
  ['ConfigurationAndSWHardeningNeeded', 'OutOfDate', 'OutOfDateConfigurationNeeded'],
  ['OutOfDate', 'OutOfDate', 'OutOfDate'],
  ['OutOfDateConfigurationNeeded', 'OutOfDate', 'OutOfDateConfigurationNeeded'],
  ['UpToDate', 'Revoked', 'Revoked'],
  ['OutOfDateConfigurationNeeded', 'Revoked', 'Revoked'],
  ['SWHardeningNeeded', 'ConfigurationNeeded', 'ConfigurationAndSWHardeningNeeded'],
])('%s and %s make %s', (a, b, merged) => {
  expect(mergeTcbStatus(a, b)).toBe(merged)
})

test('merging keeps the worst and takes any order', () => {
  fc.assert(
    fc.property(status, status, status, (a, b, c) => {
      const merged = mergeTcbStatus(a, b)
      expect(merged).toBe(mergeTcbStatus(b, a))
      expect(mergeTcbStatus(merged, c)).toBe(mergeTcbStatus(a, mergeTcbStatus(b, c)))
      expect(mergeTcbStatus(a, a)).toBe(a)
      expect(mergeTcbStatus(a, 'UpToDate')).toBe(a)
      expect(TCB_STATUSES.indexOf(merged)).toBeGreaterThanOrEqual(
        Math.max(TCB_STATUSES.indexOf(a), TCB_STATUSES.indexOf(b)),
      )
    }),
  )
})

test('a relaunch is worse than what needs configuration, and better than what is out of date', () => {
  const order = ['ConfigurationAndSWHardeningNeeded', 'TDRelaunchAdvised', 'TDRelaunchAdvisedConfigurationNeeded']
  expect(TCB_STATUSES.slice(3, 8)).toEqual([...order, 'OutOfDate', 'OutOfDateConfigurationNeeded'])
  expect(TCB_STATUSES.filter((status) => !LEVEL_STATUSES.includes(status as LevelStatus))).toEqual(order.slice(1))
})
