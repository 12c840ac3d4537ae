import { type KeyGrant, toHex } from '@dcml/protocol'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type KeyOrigin, KeyStore } from './store.ts'

const MODEL = new Uint8Array(32).fill(1)
const grant = (seed: number, modelH = MODEL): KeyGrant => ({
  domain: { tag: 'dcml/key-grant', version: 1, networkId: 'none', contract: '', subject: modelH },
  sk: new Uint8Array(32).fill(seed),
  keyEpoch: 0,
  ownerContract: '',
  provenance: null,
})

test('a peer’s key is tried before a stranger’s, the newest first', () => {
  const store = new KeyStore()
  store.add(grant(1), 'publisher')
  store.add(grant(2), 'publisher')
  expect(store.best(MODEL)?.sk[0]).toBe(2)
  store.add(grant(3), 'peer')
  store.add(grant(4), 'publisher')
  expect(store.best(MODEL)?.sk[0]).toBe(3)
  store.reject(grant(3))
  expect(store.best(MODEL)?.sk[0]).toBe(4)
})

interface Op {
  readonly model: number
  readonly seed: number
  readonly does: KeyOrigin | 'fits' | 'reject' | 'prove'
}
const op: fc.Arbitrary<Op> = fc.record({
  model: fc.integer({ min: 1, max: 40 }),
  seed: fc.integer({ min: 1, max: 12 }),
  does: fc.oneof(
    { weight: 20, arbitrary: fc.constantFrom<Op['does']>('publisher', 'peer') },
    { weight: 2, arbitrary: fc.constant<Op['does']>('fits') },
    { weight: 1, arbitrary: fc.constantFrom<Op['does']>('reject', 'prove') },
  ),
})

/** Every key of a model, in the order in which they would be tried. */
function drain(store: KeyStore, modelH: Uint8Array): number[] {
  const seeds: number[] = []
  for (let tried = store.best(modelH); tried !== undefined; tried = store.best(modelH)) {
    seeds.push(tried.sk[0]!)
    if (store.proven(modelH)) break
    store.reject(tried)
  }
  return seeds
}

test('a key that was taken stays until a sealed model refuses it or has opened with another', () => {
  fc.assert(
    fc.property(fc.array(op, { maxLength: 150, size: 'max' }), (ops) => {
      const store = new KeyStore()
      const taken = new Map<number, Set<number>>()
      for (const { model, seed, does } of ops) {
        const one = grant(seed, new Uint8Array(32).fill(model))
        const seeds = taken.get(model) ?? new Set()
        taken.set(model, seeds)
        if (does === 'reject' && !store.proven(one.domain.subject)) {
          store.reject(one)
          seeds.delete(seed)
        } else if (does === 'prove' && seeds.has(seed)) {
          store.prove(one)
          seeds.clear()
          seeds.add(seed)
        } else if (does !== 'reject' && does !== 'prove') {
          try {
            store.add(one, does === 'fits' ? 'publisher' : does, { fits: does === 'fits' })
            seeds.add(seed)
          } catch (error) {
            const { code } = error as { code: string }
            expect(code).toMatch(does === 'fits' ? /^sk_already_set$/ : /^(sk_already_set|keys_full)$/)
          }
        }
      }
      for (const [model, seeds] of taken) expect(new Set(drain(store, new Uint8Array(32).fill(model)))).toEqual(seeds)
    }),
    { numRuns: 60 },
  )
})

test('eight wrong keys do not push out the right one, nor do keys of other models', () => {
  const store = new KeyStore()
  store.add(grant(99), 'publisher')
  const refused: unknown[] = []
  const attack = (seed: number, model: number): void => {
    try {
      store.add(grant(seed, new Uint8Array(32).fill(model)), 'publisher')
    } catch (error) {
      refused.push(error)
    }
  }
  for (let seed = 1; seed < 60; seed++) attack(seed, MODEL[0]!)
  for (let model = 2; model < 60; model++) attack(1, model)
  expect(refused.length).toBeGreaterThan(59)
  for (const error of refused) expect(error).toMatchObject({ code: 'keys_full', retryable: true })
  expect(drain(store, MODEL)).toContain(99)
})

test('strangers leave room for peers, and for the key that fits', () => {
  const store = new KeyStore()
  for (let seed = 1; seed <= 8; seed++) store.add(grant(seed), 'publisher')
  store.add(grant(98), 'peer')
  store.add(grant(99), 'publisher', { fits: true })
  expect(drain(store, MODEL).slice(0, 3)).toEqual([99, 98, 8])
})

test('the store keeps copies of its own and overwrites them', () => {
  const store = new KeyStore()
  const given = grant(9)
  store.add(given, 'publisher')
  given.sk.fill(0)
  const copy = store.best(MODEL)
  expect(copy?.sk[0]).toBe(9)
  copy?.sk.fill(0)
  expect(store.best(MODEL)?.sk[0]).toBe(9)
  expect(store.proven(MODEL)).toBeUndefined()
  store.clear()
  expect(store.best(MODEL)).toBeUndefined()
})

test('a proven key may come again and stays; another is refused', () => {
  const store = new KeyStore()
  store.add(grant(7), 'publisher')
  store.prove(grant(7))
  store.add(grant(7), 'peer')
  expect(() => store.add(grant(8), 'peer')).toThrow(expect.objectContaining({ code: 'sk_already_set' }))
  expect(store.best(MODEL)?.sk[0]).toBe(7)
})

test('listeners hear of new keys only', () => {
  const store = new KeyStore()
  const heard: string[] = []
  store.onKey((modelH) => heard.push(toHex(modelH)))
  store.add(grant(1), 'publisher')
  store.add(grant(1), 'peer')
  expect(heard).toEqual([toHex(MODEL)])
})
