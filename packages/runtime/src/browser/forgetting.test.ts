import { afterEach, expect, test, vi } from 'vitest'
import { resolveLimits } from '../limits.ts'
import { Forgetting } from './forgetting.ts'

afterEach(() => {
  vi.useRealTimers()
})

test('sessions are gone through while there are any, by one timer', () => {
  vi.useFakeTimers()
  const sessions = {
    size: 2,
    forgetEnded() {
      this.size--
    },
  }
  const forgetting = new Forgetting(sessions)
  forgetting.begin()
  forgetting.begin()
  vi.advanceTimersByTime(60_000)
  expect(sessions.size).toBe(1)
  vi.advanceTimersByTime(60_000)
  expect([sessions.size, vi.getTimerCount()]).toEqual([0, 0])
  sessions.size = 1
  forgetting.begin()
  expect(vi.getTimerCount()).toBe(1)
})

test('by default no more sessions can be opened in the life of one than are kept', () => {
  const { maxBrowserSessions, browserSessionsPerSecond } = resolveLimits()
  expect(maxBrowserSessions).toBeGreaterThanOrEqual(browserSessionsPerSecond * (900 + 2))
})
