import { expect, test } from 'vitest'
import { readScenario, type ScenarioFile } from './scenario.ts'

const small: ScenarioFile = {
  name: 'two',
  horizon: 1000,
  nodes: [{ name: 'a' }, { name: 'b' }],
  edges: [{ between: ['a', 'b'], latency: 10 }],
  requests: [{ at: 0, from: 'a', to: 'b' }],
}

test('what is left out has its default', () => {
  const { nodes, edges, rules, faults } = readScenario(small)
  expect(nodes[0]).toMatchObject({ patience: 'profit', guard: 500, behaviours: [] })
  expect(edges[0]).toMatchObject({ sync: 1000, baseCost: 1000n, lateRate: [0n, 1_000_000n] })
  expect(rules.penalty).toBe(10n ** 23n)
  expect(faults).toEqual([])
})

const wrong: [string, object, RegExp][] = [
  ['a field that is not known', { speed: 1 }, /speed/],
  ['a field of the wrong kind', { horizon: 'long' }, /horizon/],
  [
    'an amount that is none',
    { nodes: [{ name: 'a', stake: '1.5' }, { name: 'b' }] },
    /nodes\.0\.stake: not a decimal amount/,
  ],
  ['two nodes of one name', { nodes: [{ name: 'a' }, { name: 'a' }] }, /two nodes/],
  ['an edge to nobody', { edges: [{ between: ['a', 'z'], latency: 1 }] }, /edges\.0\.between: no node z/],
  [
    'two edges between two nodes',
    { edges: [...small.edges, { between: ['b', 'a'], latency: 1 }] },
    /edges\.1\.between/,
  ],
  ['an edge to itself', { edges: [{ between: ['a', 'a'], latency: 1 }] }, /edges\.0\.between/],
  ['a request from nobody', { requests: [{ at: 0, from: 'z', to: 'b' }] }, /requests\.0: no node z/],
  [
    'a way without an edge',
    { requests: [{ at: 0, from: 'a', via: ['a'], to: 'b' }] },
    /requests\.0\.via: no edge between a and a/,
  ],
  ['a fault at nobody', { faults: [{ kind: 'pause', node: 'z', at: 0, until: 1 }] }, /faults\.0\.node: no node z/],
  ['a cut of no edge', { faults: [{ kind: 'cut', by: 'a', neighbour: 'a', at: 0 }] }, /faults\.0\.neighbour/],
  ['no scenario at all', { nodes: null }, /nodes/],
]

test.each(wrong)('%s is named', (_, part, message) => {
  expect(() => readScenario({ ...small, ...part })).toThrow(
    expect.objectContaining({ code: 'por_scenario_invalid', message: expect.stringMatching(message) }),
  )
})

test('anything but an object is refused', () => {
  for (const value of [null, 1, 'x', []])
    expect(() => readScenario(value)).toThrow(expect.objectContaining({ code: 'por_scenario_invalid' }))
})
