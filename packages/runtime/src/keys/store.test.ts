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

test('however many wrong keys arrive, the right one is reached after it is given again, and then kept', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 1, max: 200 }), fc.constantFrom<KeyOrigin>('publisher', 'peer')), {
        maxLength: 40,
        size: 'max',
      }),
      fc.array(fc.integer({ min: 1, max: 200 }), { maxLength: 20 }),
      (before, after) => {
        const store = new KeyStore()
        for (const [seed, origin] of before) store.add(grant(seed), origin)
        store.add(grant(255), 'publisher')
        // what the model host does: try the best, reject it, go on
        for (let tried = store.best(MODEL); tried?.sk[0] !== 255; tried = store.best(MODEL)) store.reject(tried!)
        store.prove(store.best(MODEL)!)
        for (const seed of after) expect(() => store.add(grant(seed), 'peer')).toThrow('another key')
        expect(store.best(MODEL)?.sk[0]).toBe(255)
      },
    ),
  )
})

test('strangers cannot push out a peer’s key', () => {
  const store = new KeyStore()
  store.add(grant(99), 'peer')
  for (let seed = 1; seed < 60; seed++) store.add(grant(seed), 'publisher')
  expect(store.best(MODEL)?.sk[0]).toBe(99)
})

test('keys that give way are overwritten, and the caller’s copy is its own', () => {
  const store = new KeyStore()
  const given = Array.from({ length: 9 }, (_, i) => grant(i + 1))
  for (const one of given) store.add(one, 'publisher')
  expect(store.proven(MODEL)).toBeUndefined()
  expect(given[0]?.sk.every((byte) => byte === 0)).toBe(true)
  const copy = store.best(MODEL)
  copy?.sk.fill(0)
  expect(store.best(MODEL)?.sk[0]).toBe(9)
  store.clear()
  expect(given.every(({ sk }) => sk.every((byte) => byte === 0))).toBe(true)
})

test('a proven key may come again and stays; a flood of models does not push it out', () => {
  const store = new KeyStore()
  store.add(grant(7), 'publisher')
  store.prove(grant(7))
  store.add(grant(7), 'peer')
  for (let model = 2; model < 60; model++) store.add(grant(1, new Uint8Array(32).fill(model)), 'publisher')
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
