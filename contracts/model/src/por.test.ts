import { decode, fixed, type Infer, type Layout, struct, utf8 } from '@dcml/protocol'
import { bytesOf, type Kind, porRequest, porResponse, requestLayout, responseLayout } from '@dcml/protocol/por'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { LONGEST_REQUEST, LONGEST_RESPONSE, readRequest, readResponse } from './por.ts'

const ascii = (max: number) => fc.string({ unit: 'binary-ascii', maxLength: max })
const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
const u32 = fc.integer({ min: 0, max: 2 ** 32 - 1 })
const u128 = fc.bigInt({ min: 0n, max: 2n ** 128n - 1n })
const domain = fc.record({
  tag: ascii(32),
  version: fc.integer({ min: 0, max: 255 }),
  networkId: ascii(64),
  contract: ascii(64),
  subject: bytes(32),
})
const request = fc.record({
  domain,
  requestId: bytes(32),
  requester: ascii(64),
  recipient: ascii(64),
  recipientKey: bytes(32),
  payloadHash: bytes(32),
  payloadLength: u32,
  maxResponse: u32,
  lateRate: u128,
  service: u32,
  app: ascii(32),
})
const response = fc.record({
  domain,
  requestHash: bytes(32),
  status: fc.integer({ min: 0, max: 255 }),
  payloadHash: bytes(32),
  payloadLength: u32,
})
const signature = bytes(64)

/** Such texts are no account ids: the contract need not read them. */
const isBeyondAscii = (value: unknown): boolean =>
  typeof value === 'string'
    ? utf8(value).length !== value.length
    : typeof value === 'object' && value !== null && Object.values(value).some(isBeyondAscii)

const kinds = [
  {
    of: porRequest as Kind<never>,
    layout: requestLayout,
    bodies: request,
    read: readRequest,
    longest: LONGEST_REQUEST,
  },
  {
    of: porResponse as Kind<never>,
    layout: responseLayout,
    bodies: response,
    read: readResponse,
    longest: LONGEST_RESPONSE,
  },
] as const

test.each(kinds)(
  '$of.tag: reads what @dcml/protocol writes, and keeps the bytes that are signed',
  ({ of, bodies, read, longest }) => {
    fc.assert(
      fc.property(bodies as fc.Arbitrary<never>, signature, (body, signature) => {
        const signed = bytesOf(of, body)
        const input = Uint8Array.from([...signed, ...signature])
        expect(read(input)).toEqual({ body, bytes: signed, signature })
        expect(input.length).toBeLessThanOrEqual(longest)
      }),
    )
  },
)

test.each(kinds)('$of.tag: takes and refuses damaged bytes as @dcml/protocol does', ({ of, layout, bodies, read }) => {
  const whole = struct({ body: layout as Layout<unknown>, signature: fixed(64) })
  const damage = fc.oneof(
    fc.record({ kind: fc.constant('cut' as const), at: fc.nat(600) }),
    fc.record({ kind: fc.constant('more' as const), at: fc.integer({ min: 1, max: 9 }) }),
    fc.record({ kind: fc.constant('byte' as const), at: fc.nat(600), to: fc.integer({ min: 0, max: 255 }) }),
  )
  fc.assert(
    fc.property(bodies as fc.Arbitrary<never>, signature, damage, (body, signature, damage) => {
      const good = Uint8Array.from([...bytesOf(of, body), ...signature])
      const at = damage.at % good.length
      const bad =
        damage.kind === 'cut'
          ? good.slice(0, at)
          : damage.kind === 'more'
            ? Uint8Array.from([...good, ...new Uint8Array(damage.at)])
            : good.with(at, damage.to)
      let oracle: Infer<typeof whole> | null = null
      try {
        oracle = decode(whole, bad)
      } catch {}
      if (oracle === null || isBeyondAscii(oracle.body)) expect(() => read(bad)).toThrow()
      else expect(read(bad)).toMatchObject(oracle)
    }),
    { numRuns: 500 },
  )
})
