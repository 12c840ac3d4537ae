import { createHash } from 'node:crypto'
import { fromHex, toHex } from '@dcml/protocol'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { inclusionProof, leafHash, MerkleAccumulator, merkleRoot, verifyInclusion } from './merkle.ts'

const leavesOf = (count: number) => Array.from({ length: count }, (_, i) => leafHash(Uint8Array.of(i, i >> 8)))

// the eight leaves and the root that the reference implementation of RFC 6962 tests with
const published = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f']
const publishedRoot = '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328'

test('computes the root of the published tree', () => {
  const leaves = published.map((data) => leafHash(fromHex(data)))
  expect(toHex(merkleRoot(leaves))).toBe(publishedRoot)
})

test('the accumulator agrees with the recursive definition of RFC 6962 §2.1', () => {
  const sha = (...parts: Uint8Array[]) => {
    const hash = createHash('sha256')
    for (const part of parts) hash.update(part)
    return Uint8Array.from(hash.digest())
  }
  const definition = (leaves: Uint8Array[]): Uint8Array => {
    if (leaves.length === 1) return leaves[0]!
    const k = 2 ** (Math.ceil(Math.log2(leaves.length)) - 1)
    return sha(Uint8Array.of(1), definition(leaves.slice(0, k)), definition(leaves.slice(k)))
  }
  for (let count = 1; count <= 40; count++) expect(merkleRoot(leavesOf(count))).toEqual(definition(leavesOf(count)))
})

test('a tree without leaves has no root', () => {
  expect(() => new MerkleAccumulator().root()).toThrow(RangeError)
})

const place = fc
  .integer({ min: 1, max: 70 })
  .chain((count) => fc.record({ count: fc.constant(count), index: fc.nat(count - 1) }))

test('every leaf has a proof, and it proves no other leaf, place or size', () => {
  fc.assert(
    fc.property(place, fc.nat(80), fc.nat(80), ({ count, index }, otherIndex, otherCount) => {
      const leaves = leavesOf(count)
      const claim = {
        leaf: leaves[index]!,
        index,
        count,
        proof: inclusionProof(leaves, index),
        root: merkleRoot(leaves),
      }
      expect(verifyInclusion(claim)).toBe(true)
      expect(verifyInclusion({ ...claim, leaf: leafHash(Uint8Array.of(1, 2, 3)) })).toBe(false)
      if (otherIndex !== index) expect(verifyInclusion({ ...claim, index: otherIndex })).toBe(false)
      if (Math.ceil(Math.log2(otherCount)) !== Math.ceil(Math.log2(count)) && count > 1)
        expect(verifyInclusion({ ...claim, count: otherCount })).toBe(false)
      expect(verifyInclusion({ ...claim, proof: [...claim.proof, leaves[0]!] })).toBe(false)
      if (count > 1) expect(verifyInclusion({ ...claim, proof: claim.proof.slice(1) })).toBe(false)
    }),
  )
})

test('a flipped bit anywhere in a proof is refused', () => {
  const leaves = leavesOf(13)
  const proof = inclusionProof(leaves, 7)
  const root = merkleRoot(leaves)
  for (let step = 0; step < proof.length; step++)
    for (let bit = 0; bit < 256; bit += 17) {
      const changed = proof.map((node) => node.slice())
      changed[step]![bit >> 3]! ^= 1 << (bit & 7)
      expect(verifyInclusion({ leaf: leaves[7]!, index: 7, count: 13, proof: changed, root })).toBe(false)
    }
})

test.each([-1, 3, 0.5, Number.NaN])('there is no proof for leaf %d of 3', (index) => {
  expect(() => inclusionProof(leavesOf(3), index)).toThrow(
    expect.objectContaining({ code: 'proof_index_out_of_range' }),
  )
})
