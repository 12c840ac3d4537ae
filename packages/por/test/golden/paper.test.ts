// The worked scenarios of the paper (§5.1 to §5.5), run by the machines, with the paper's own event times. Where we
// differ, the line that we have instead stands beside the paper's, and why:
const ROW_7 = 'late counts from the deadline of that edge, where the creditor is: at 1000 nothing is due yet (§8 row 7)'
const AT_ONCE = 'a proof goes on when it comes, with what is due by then: there is no reason to wait for a settlement'
const NO_OTHER = 'nothing is under way on that edge any more, so there is no settlement left in which to say no'

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { drawSvg, drawText, runScenario, type SimReport } from '../../src/sim.ts'

/** The paper's line, or ours instead of it. */
type Line = string | { readonly paper: string; readonly ours: string | null; readonly because: string }

const asked: Line[] = ['0 Send request', '100 Forward request', '300 Forward request']
const common: Line[] = [
  ...asked,
  '500 sync, no late payment',
  '600 sync, no late payment',
  '700 Response due',
  '900 Response due',
]
const waits: Line[] = [
  ...common,
  { paper: '1000 sync, Alice pays', ours: '1000 sync, no late payment', because: ROW_7 },
  '1500 sync, Alice pays',
]
const seconds = Array.from({ length: 7 }, (_, at) => 2000 + 1000 * at)

const paper: Record<string, Line[]> = {
  '5.1-happy-case': [...asked, '500 Bob sends response', '700 Alice sends response', '800 Has response'],
  '5.2-breaks-right-away': [
    ...asked,
    '700 Response due',
    '700 cut by Bob',
    '700 Bob sends proof of edge',
    '900 Alice sends proof of edge',
    '1000 Has proof',
  ],
  '5.3-waits-and-pays': [
    ...waits,
    '1600 Bob pays + edge',
    { paper: '2000 sync, Alice pays + edge', ours: '1800 Alice pays + edge', because: AT_ONCE },
  ],
  '5.4-waits-and-does-not-pay': [
    ...waits,
    '1599 Bob sends proof of edge, DOESN’T PAY',
    { paper: '1600 sync, Bob DOESN’T PAY', ours: null, because: NO_OTHER },
    { paper: '2000 sync, Alice pays + edge', ours: '1799 Alice pays + edge', because: AT_ONCE },
  ],
  '5.5-waits-longer': [
    ...waits,
    '1600 sync, Bob pays',
    ...seconds.flatMap((at) => [
      `${at} sync, Alice pays`,
      `${at + 500} sync, Alice pays`,
      `${at + 600} sync, Bob pays`,
    ]),
    '9000 sync, Alice pays',
    '9500 sync, Alice pays',
    '9600 Bob pays + edge',
    { paper: '10000 sync, Alice pays + edge', ours: '9800 Alice pays + edge', because: AT_ONCE },
  ],
}

const run = (name: string): SimReport =>
  runScenario(JSON.parse(readFileSync(join(import.meta.dirname, `${name}.scenario.json`), 'utf8')))

const linesOf = (text: string): string[] =>
  text.split('\n').map((line) =>
    line
      .replace(/(<-|->|\bx\b)/g, '')
      .replace(/\s+/g, ' ')
      .trim(),
  )

test.each(Object.keys(paper))('§%s has the paper’s events at the paper’s times', (name) => {
  const lines = linesOf(drawText(run(name)))
  for (const line of paper[name]!) {
    if (typeof line === 'string') {
      expect(lines).toContain(line)
      continue
    }
    expect(lines, line.because).not.toContain(line.paper)
    if (line.ours !== null) expect(lines, line.because).toContain(line.ours)
  }
})

test.each(Object.keys(paper))('§%s is drawn as committed', async (name) => {
  const report = run(name)
  await expect(drawText(report)).toMatchFileSnapshot(`${name}.txt`)
  await expect(drawSvg(report)).toMatchFileSnapshot(`${name}.svg`)
})

test('no scenario lies about without a test', () => {
  const files = readdirSync(import.meta.dirname).filter((file) => file.endsWith('.scenario.json'))
  expect(files.map((file) => file.replace('.scenario.json', ''))).toEqual(Object.keys(paper))
})

test('what Alex and Alice are paid is what they waited', () => {
  const lateOf = (name: string) => run(name).outcomes.map(({ late }) => late)
  expect(lateOf('5.1-happy-case')).toEqual([0n])
  expect(lateOf('5.2-breaks-right-away')).toEqual([0n])
  expect(lateOf('5.3-waits-and-pays')).toEqual([900n])
  expect(lateOf('5.4-waits-and-does-not-pay')).toEqual([899n])
  expect(lateOf('5.5-waits-longer')).toEqual([8900n])
})

test('§5.4 costs Alice what Bob does not pay, and nobody else', () => {
  const changes = (name: string) =>
    new Map(run(name).balances.map(({ account, before, after }) => [account, after - before]))
  const [paid, unpaid] = [changes('5.3-waits-and-pays'), changes('5.4-waits-and-does-not-pay')]
  const fee = 2024n
  expect(paid.get('Alice')).toBe(fee)
  expect(unpaid.get('Alice')).toBe(fee - 899n)
  expect(unpaid.get('Alex')).toBe(paid.get('Alex')! - 1n)
})
