import fc from 'fast-check'
import { expect, test } from 'vitest'
import { chain, closeStart, eventOf, HOUR, NOW, opening, topUp } from '../../test/world.ts'
import { decide } from './tasks.ts'
import { approved, attempted, disapproved, type EventPage, observe, resumeFrom, startWatcher } from './watcher.ts'

const MINUTE = 60_000
const options = {
  chain,
  warnBeforeMs: 30 * MINUTE,
  urgentBeforeMs: 10 * MINUTE,
  retryMs: MINUTE,
  blindAfterMs: HOUR * 2,
}
const placeOf = (height: number) => ({
  blockHeight: height,
  blockHash: `block${height}`,
  receiptId: `receipt${height}`,
})
const at = (height: number, proof: ReturnType<typeof opening>) => ({ ...eventOf(proof), ...placeOf(height) })
const closed = {
  channel_id: '1',
  spent: '1',
  counter: '1',
  to_owner: '1',
  to_provider: '0',
  to_payer: '9',
  answered: true,
}
const end = (height: number) =>
  at(height, { ...opening(), event: { ...opening().event, event: 'channel_closed', data: closed } })
const life = [at(10, opening()), at(12, topUp(1500n)), at(20, closeStart())]
const page = (events: EventPage['events'], next: number): EventPage => ({ events, next })
const start = () => startWatcher(options, 1, NOW)
const closing = () => observe(start(), page(life, 30), NOW)

test('a forced close becomes a proof for the enclave, then an answer for the contract, until it is closed', () => {
  let watcher = observe(start(), page(life.slice(0, 2), 15), NOW)
  expect(decide(watcher, NOW)).toEqual({ tasks: [], alarms: [] })
  watcher = observe(watcher, page(life.slice(2), 30), NOW)
  const dueBy = NOW + HOUR
  expect(decide(watcher, NOW)).toEqual({
    tasks: [{ task: 'ask-enclave', channelId: 1n, closing: placeOf(20), dueBy }],
    alarms: [],
  })
  watcher = attempted(watcher, 1n, NOW)
  expect(decide(watcher, NOW + MINUTE - 1).tasks).toEqual([])
  expect(decide(watcher, NOW + MINUTE).tasks).toHaveLength(1)
  watcher = approved(watcher, 1n, 'approval')
  expect(decide(watcher, NOW).tasks).toEqual([{ task: 'submit-answer', channelId: 1n, approval: 'approval', dueBy }])
  expect(decide(disapproved(watcher, 1n), NOW).tasks).toMatchObject([{ task: 'ask-enclave' }])
  watcher = observe(watcher, page([end(31)], 40), NOW)
  expect(decide(watcher, NOW + 2 * HOUR)).toEqual({ tasks: [], alarms: [] })
  expect(watcher.channels.size).toBe(0)
})

test('alarms grow as the time runs short, and say what is at stake', () => {
  const watcher = attempted(closing(), 1n, NOW)
  const alarm = (minutes: number) => decide(watcher, NOW + minutes * MINUTE).alarms[0]
  expect(alarm(29)).toBeUndefined()
  expect(alarm(30)).toEqual({
    alarm: 'warning',
    channelId: 1n,
    host: 'bob.test',
    lock: 1500n,
    leftMs: 30 * MINUTE,
    waitingFor: 'enclave',
    attempts: 1,
  })
  expect(alarm(50)).toMatchObject({ alarm: 'urgent' })
  expect(alarm(60)).toMatchObject({ alarm: 'lost', leftMs: 0 })
  expect(decide(watcher, NOW + HOUR).tasks).toEqual([])
})

test('a watcher without news says so', () => {
  expect(decide(start(), NOW + 2 * HOUR + 1).alarms).toEqual([{ alarm: 'blind', sinceMs: 2 * HOUR + 1 }])
})

test('the most pressing channel comes first', () => {
  const second = { channel_id: '2', deadline: `${(NOW + MINUTE) * 1e6}` }
  const events = [
    at(10, opening()),
    at(11, opening({ channel_id: '2' })),
    at(12, closeStart()),
    at(13, closeStart(second)),
  ]
  expect(decide(observe(start(), page(events, 20), NOW), NOW).tasks.map(({ channelId }) => channelId)).toEqual([2n, 1n])
})

test('other hosts, other standards and other events are passed over', () => {
  const other = { ...at(10, opening({ channel_id: '3' })), standard: 'nep171' }
  const strange = { ...at(11, opening()), event: 'provider_registered', data: {} }
  const watcher = startWatcher({ ...options, hosts: ['eve.test'] }, 1, NOW)
  expect(observe(watcher, page([...life, other, strange], 30), NOW).channels.size).toBe(0)
})

test('pages may come twice, be cut anywhere, and be read again after a restart: the watcher is the same', () => {
  const events = [...life, at(25, opening({ channel_id: '2' })), end(27), at(28, closeStart({ channel_id: '2' }))]
  const whole = observe(start(), page(events, 40), NOW)
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 12 }), fc.boolean(), (cuts, restart) => {
      let watcher = start()
      for (const to of [...cuts, 40]) {
        // as readEvents pages: from where it stood, or from earlier
        const from = restart ? resumeFrom(watcher) : watcher.next
        if (restart) watcher = startWatcher(options, from, NOW)
        const part = events.filter(({ blockHeight }) => blockHeight >= from && blockHeight < to)
        watcher = observe(observe(watcher, page(part, to), NOW), page(part, to), NOW)
      }
      expect(watcher.channels).toEqual(whole.channels)
      expect(decide(watcher, NOW)).toEqual(decide(whole, NOW))
      // old pages neither raise what is closed nor take back what was done
      const done = approved(watcher, 2n, 'approval')
      expect(observe(done, page(life, 30), NOW)).toEqual(done)
    }),
  )
})
