import { expect, test } from 'vitest'
import { drawSvg } from './draw-svg.ts'
import { drawText } from './draw-text.ts'
import type { SimReport } from './report.ts'

const report: SimReport = {
  name: 'Tom & <Jerry>',
  nodes: ['Alex', 'Alice', 'Bob'],
  horizon: 2000,
  outcomes: [],
  balances: [],
  severed: [2n],
  events: [
    { at: 0, node: 'Alex', what: 'request', to: 'Alice', edge: 1n, arrives: 100, request: 0, due: 1000 },
    { at: 100, node: 'Alice', what: 'request', to: 'Bob', edge: 2n, request: 0, due: 900 },
    { at: 500, node: 'Alice', what: 'sync', to: 'Alex', edge: 1n, arrives: 600, amount: 0n, owed: 0n },
    { at: 500, node: 'Alex', what: 'sync', to: 'Alice', edge: 1n, arrives: 600, amount: 0n, owed: 0n },
    { at: 1000, node: 'Alice', what: 'sync', to: 'Alex', edge: 1n, arrives: 1100, amount: 5n, owed: 5n },
    { at: 1500, node: 'Alice', what: 'sync', to: 'Alex', edge: 1n, arrives: 1600, amount: 0n, owed: 5n },
    { at: 1600, node: 'Alice', what: 'severed', to: 'Bob', edge: 2n },
    { at: 1600, node: 'Alice', what: 'broken', to: 'Alex', edge: 1n, arrives: 1700, amount: 3n, request: 0 },
    { at: 1700, node: 'Alex', what: 'outcome', request: 0, detail: 'broken' },
  ],
}

const TABLE = `
Time                  Alex                           Alice                           Bob
0                 Send request
100                                                         <x Forward request x>
500                       <- sync, no late payment ->
900                                              Response due
1000              Response due
1000                         <- sync, Alice pays ->
1500                     <- sync, Alice DOESN’T PAY ->
1600                                                           x cut by Alice x
1600                        <- Alice pays + edge ->
1700                Has proof
`

test('a table in the form of the paper’s', () => {
  expect(`\n${drawText(report)}`).toBe(TABLE)
})

test('a drawing with lifelines, arrows, late pay in its colour, a cross for the cut, and safe text', () => {
  const svg = drawSvg(report)
  expect(drawSvg(structuredClone(report))).toBe(svg)
  expect(svg).toContain('<title>Tom &#38; &#60;Jerry&#62;</title>')
  expect(svg).not.toContain('<Jerry>')
  expect(svg.match(/font-weight="bold"/g)).toHaveLength(3)
  expect(svg.match(/stroke="#c2410c" marker-end/g)).toHaveLength(2)
  expect(svg.match(/12m0 -12l-12 12"/g)).toHaveLength(2)
  expect(svg).toContain('stroke-dasharray="4 3"')
})
