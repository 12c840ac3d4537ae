import { expect, test } from 'vitest'
import { bigNetwork } from './big.ts'

test('a loaded random network answers everything that no silent node touches, the same way each time', () => {
  const about = { nodes: 80, edges: 200, requests: 400, seed: 4, silent: 2 }
  const { wallMs, ...figures } = bigNetwork(about)
  const { wallMs: _, ...again } = bigNetwork(about)
  expect(again).toEqual(figures)
  expect(wallMs).toBeGreaterThan(0)
  const { responses, broken, refused, unresolved, unroutable } = figures
  expect(responses + broken + refused + unresolved + unroutable).toBe(400)
  expect(responses).toBeGreaterThan(330)
  expect(broken).toBeGreaterThan(0)
  expect(figures.severed).toBeGreaterThan(0)
})

test('without silent nodes every request that has a path is answered', () => {
  const figures = bigNetwork({ nodes: 100, edges: 300, requests: 300, seed: 1, silent: 0 })
  expect(figures.responses + figures.unroutable).toBe(300)
  expect(figures.severed).toBe(0)
})
