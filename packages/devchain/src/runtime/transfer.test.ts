import { expect, test } from 'vitest'
import { failures, NEAR, World } from './test/world.ts'

const transfer = (deposit: bigint) => ({ type: 'Transfer', deposit }) as const

// The three outcomes of a transfer on mainnet: conversion, execution, gas refund.
test('a transfer leaves a conversion, an execution and a gas refund', () => {
  const world = new World({ 'alice.near': 10n * NEAR, 'bob.near': NEAR })
  const supply = world.supply()
  const outcomes = world.run('alice.near', 'bob.near', [transfer(NEAR)])
  expect(failures(outcomes)).toEqual([])
  expect(outcomes.map(({ gasBurnt, tokensBurnt }) => [gasBurnt, tokensBurnt])).toEqual([
    [223_182_562_500n, 22_318_256_250_000_000_000n],
    [223_182_562_500n, 22_318_256_250_000_000_000n],
    [223_182_562_500n, 0n],
  ])
  expect(world.account('bob.near')!.amount).toBe(2n * NEAR)
  expect(world.account('alice.near')!.amount).toBe(9n * NEAR - 44_636_512_500_000_000_000n)
  expect(supply - world.supply()).toBe(world.burnt())
})
