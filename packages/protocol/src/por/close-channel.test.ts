import { generateKeyPairSync, sign } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { utf8 } from '../bytes.ts'
import { formatClosureRequest, signClosureRequest } from '../closure-request.ts'
import { formatChannelClosing, parseChannelClosing } from './close-channel.ts'

const { privateKey, publicKey } = generateKeyPairSync('ed25519')
const payer = {
  publicKey: Uint8Array.from(publicKey.export({ type: 'spki', format: 'der' }).subarray(-32)),
  sign: (message: Uint8Array) => Uint8Array.from(sign(null, message, privateKey)),
}
const closure = await signClosureRequest({ networkId: 'testnet', contract: 'model.testnet' }, { channelId: 3n }, payer)
const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 })

test('travels as bytes', () => {
  fc.assert(
    fc.property(bytes32, (seed) => {
      expect(parseChannelClosing(formatChannelClosing({ seed, closure }))).toEqual({ seed, closure })
    }),
  )
})

test('anything else is refused by name, and nothing is read in two spellings', () => {
  const good = formatChannelClosing({ seed: new Uint8Array(32), closure })
  const change = fc.record({ at: fc.nat(good.length - 1), to: fc.integer({ min: 0, max: 255 }) })
  const bad = fc.oneof(
    change.filter(({ at, to }) => good[at] !== to).map(({ at, to }) => good.with(at, to)),
    fc.nat(good.length - 1).map((length) => good.slice(0, length)),
    fc.uint8Array({ maxLength: 500 }),
    fc.uint8Array({ minLength: 1, maxLength: 9 }).map((more) => Uint8Array.from([...good, ...more])),
    fc.constant(utf8(`\u{feff}${new TextDecoder().decode(good)}`)),
    fc.constant(utf8(formatClosureRequest(closure))),
  )
  fc.assert(
    fc.property(bad, (payload) => {
      try {
        const read = parseChannelClosing(payload)
        expect(formatChannelClosing(read)).toEqual(payload)
      } catch (error) {
        expect(error).toMatchObject({ code: expect.stringMatching(/^(channel_closing|closure_request)_malformed$/) })
      }
    }),
  )
})
