import { ZERO_HASH } from '@dcml/light-client'
import { expect, test } from 'vitest'
import { accountType, deterministicAccountId, isSubAccountOf, isTopLevel } from './account-id.ts'

// Cases of near-account-id 2.0 (`account_id_ref.rs`)
test('names tell their kind', () => {
  expect(accountType('alice.near')).toBe('Named')
  expect(accountType('a'.repeat(64))).toBe('NearImplicit')
  expect(accountType('g'.repeat(64))).toBe('Named')
  expect(accountType(`0x${'b'.repeat(40)}`)).toBe('EthImplicit')
  expect(accountType(`0x${'b'.repeat(39)}`)).toBe('Named')
  expect(accountType(`0s${'0'.repeat(40)}`)).toBe('NearDeterministic')
})

test('only a direct child is a sub-account', () => {
  expect(isSubAccountOf('alice.near', 'near')).toBe(true)
  expect(isSubAccountOf('a.alice.near', 'near')).toBe(false)
  expect(isSubAccountOf('near', 'near')).toBe(false)
  expect(isSubAccountOf('xnear', 'near')).toBe(false)
  expect(isSubAccountOf('.near', 'near')).toBe(false)
  expect(isTopLevel('near')).toBe(true)
  expect(isTopLevel('system')).toBe(false)
  expect(isTopLevel('a.near')).toBe(false)
})

test('the name of a deterministic account depends on its code and its data', () => {
  const name = (value: number) =>
    deterministicAccountId({
      code: { type: 'CodeHash', codeHash: ZERO_HASH },
      data: [[Uint8Array.of(1), Uint8Array.of(value)]],
    })
  expect(name(1)).toMatch(/^0s[0-9a-f]{40}$/)
  expect(name(1)).not.toBe(name(2))
})
