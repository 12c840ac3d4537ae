import fc from 'fast-check'
import { expect, test } from 'vitest'
import { SignatureMemory } from './memory.ts'
import type { PublicKey, SignatureScheme, VerifySignature } from './signature.ts'

/** A scheme in which a signature is key and message, the kind of the key and the way it signs; and how often it was computed. */
function counted() {
  let times = 0
  const verify: VerifySignature = async (key, data, signature, scheme = key.kind) => {
    times++
    await Promise.resolve()
    return signature.join() === sign(key, data, scheme).join()
  }
  return { verify, times: () => times }
}

const KINDS = ['p256', 'p384', 'p384-sha256', 'rsa'] as const
const sign = ({ kind, bytes }: PublicKey, data: Uint8Array, scheme: SignatureScheme): Uint8Array =>
  Uint8Array.of(KINDS.indexOf(kind), KINDS.indexOf(scheme), bytes.length, ...bytes, ...data)

const few = fc.uint8Array({ max: 1, maxLength: 2 })
const keys = fc.record({ kind: fc.constantFrom('p256' as const, 'p384' as const, 'rsa' as const), bytes: few })
const asked = fc.record({
  key: keys,
  data: few,
  scheme: fc.option(fc.constantFrom(...KINDS), { nil: undefined }),
  /** Signed by this key, as this scheme, over this message: mostly not what is asked about. */
  by: fc.option(fc.record({ key: keys, data: few, scheme: fc.constantFrom(...KINDS) }), { nil: undefined, freq: 2 }),
})

test('says what its verifier says, whatever was asked before', () =>
  fc.assert(
    fc.asyncProperty(fc.array(asked, { maxLength: 60 }), fc.nat(200), async (all, maxBytes) => {
      const { verify } = counted()
      const remembering = new SignatureMemory({ maxBytes }).over(verify)
      for (const { key, data, scheme, by } of all) {
        const signature = by ? sign(by.key, by.data, by.scheme) : sign(key, data, scheme ?? key.kind)
        expect(await remembering(key, data, signature, scheme)).toBe(await verify(key, data, signature, scheme))
      }
    }),
  ))

const KEY: PublicKey = { kind: 'p384', bytes: Uint8Array.of(4, 1, 2) }
const message = (n: number): Uint8Array => Uint8Array.of(n, 7, 7)

test('computes once what held, also for another verification, and again what did not', async () => {
  const memory = new SignatureMemory()
  const { verify, times } = counted()
  const signature = sign(KEY, message(1), 'p384')
  const ask = (data: Uint8Array) => memory.over(verify)({ ...KEY }, data, signature)
  expect([await ask(message(1)), await ask(message(1)), times()]).toEqual([true, true, 1])
  expect([await ask(message(2)), await ask(message(2)), times()]).toEqual([false, false, 3])
})

test('a buffer that changes while it is verified is not remembered as what it became', async () => {
  for (const change of [KEY.bytes.slice(), message(1)].keys()) {
    const memory = new SignatureMemory()
    const { verify } = counted()
    const key = { kind: KEY.kind, bytes: Uint8Array.from(KEY.bytes) }
    const data = message(1)
    const signature = sign(key, data, 'p384')
    const asking = memory.over(verify)(key, data, signature)
    ;[key.bytes, data][change]![0]!++
    expect(await asking).toBe(true)
    expect(await memory.over(verify)({ ...key }, data, signature)).toBe(false)
  }
})

test('keeps what is used, forgets what was not used for longest, and keeps nothing that is too large', async () => {
  const size = 'p384 p384 '.length + 2 * sign(KEY, message(0), 'p384').length + KEY.bytes.length + message(0).length
  const memory = new SignatureMemory({ maxBytes: 3 * size })
  const { verify, times } = counted()
  const remembering = memory.over(verify)
  const computed = async (...messages: Uint8Array[]) => {
    const before = times()
    for (const data of messages) expect(await remembering(KEY, data, sign(KEY, data, 'p384'))).toBe(true)
    return times() - before
  }
  expect(await computed(message(1), message(2), message(3))).toBe(3)
  expect(await computed(message(1))).toBe(0)
  expect(await computed(message(4))).toBe(1)
  expect(await computed(message(1), message(3), message(4))).toBe(0)
  expect(await computed(message(2))).toBe(1)
  const large = new Uint8Array(3 * size)
  expect(await computed(large, large)).toBe(2)
  expect(await computed(message(3), message(4), message(2))).toBe(0)
})
