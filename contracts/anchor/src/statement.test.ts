import { fromHex, toHex } from '@dcml/protocol'
import { expect, test } from 'vitest'
import vectors from '../../../packages/protocol/vectors/mark.json' with { type: 'json' }
import { claimBytes, markBytes } from './statement.ts'

const key = fromHex('03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8')

test.each(vectors.claims)('the bytes of a claim are those an enclave signs: $name', ({ chain, term, nonce, bytes }) => {
  expect(toHex(claimBytes(chain, key, { term: BigInt(term), nonce: fromHex(nonce) }))).toBe(bytes)
})

test.each(vectors.steps)('the bytes of a step are those an enclave signs: $name', ({ chain, bytes, ...step }) => {
  const { term, counter, digest, nonce } = step
  const fields = { term: BigInt(term), counter: BigInt(counter), digest: fromHex(digest), nonce: fromHex(nonce) }
  expect(toHex(markBytes(chain, key, fields))).toBe(bytes)
})
