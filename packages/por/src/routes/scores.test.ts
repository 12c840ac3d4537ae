import { expect, test } from 'vitest'
import { HoldScores } from './scores.ts'

test('an edge is scored by what the node before it waited and the one behind it did not', () => {
  const scores = new HoldScores()
  scores.report([1n, 2n, 3n], [5, 215, 665, 765])
  expect([1n, 2n, 3n].map(scores.of)).toEqual([100, 450, 210])
})

test('the average moves a fifth of the way to every new measurement', () => {
  const scores = new HoldScores()
  scores.report([2n], [0, 100])
  scores.report([2n], [0, 200])
  expect(scores.of(2n)).toBe(120)
})

test('a report that is not about the whole path, or runs backwards, makes no edge faster than light', () => {
  const scores = new HoldScores()
  scores.report([1n, 2n, 3n], [5, 215, 665])
  expect([1n, 2n, 3n].map(scores.of)).toEqual([0, 0, 0])
  scores.report([2n], [50, 10])
  expect(scores.of(2n)).toBe(0)
})

test('of eight edges the report has no room for the first', () => {
  const scores = new HoldScores()
  scores.report([1n, 2n, 3n, 4n, 5n, 6n, 7n, 8n], [0, 10, 20, 30, 40, 50, 60, 70])
  expect([scores.of(1n), scores.of(2n), scores.of(8n)]).toEqual([0, 10, 10])
})
