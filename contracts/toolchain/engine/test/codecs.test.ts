import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { prepare, start } from './machine.ts'

/** One method for each helper: bytes in, the helper's bytes or text out, its exception's message as a log. */
const contract = start(
  prepare(`
    const input = () => (env.input(0), env.read_register(0))
    const text = () => env.uint8array_to_latin1_string(input())
    const answer = (helper) => () => {
      try { env.value_return(helper()) } catch (error) { env.log(error.message) }
    }
    export const fromHex = answer(() => env.hex_to_bytes(text()))
    export const fromHexBytes = answer(() => env.hex_to_bytes(input()))
    export const toHex = answer(() => env.bytes_to_hex(input()))
    export const fromBase64 = answer(() => env.base64_to_bytes(text()))
    export const toBase64 = answer(() => env.bytes_to_base64(input()))
    export const utf8 = answer(() => env.utf8_string_to_uint8array(env.uint8array_to_utf8_string(input())))
    export const codePoints = answer(() =>
      [...env.uint8array_to_utf8_string(input())].map((c) => c.codePointAt(0)).join())
    export const latin1 = answer(() => env.latin1_string_to_uint8array(text()))
    export const slicedLatin1 = answer(() =>
      env.latin1_string_to_uint8array(env.uint8array_to_utf8_string(input()).slice(1)))
    export const notText = answer(() => env.utf8_string_to_uint8array(5))
    export const notLatin1Text = answer(() => env.latin1_string_to_uint8array(new Uint8Array(2)))
    export const notBytes = answer(() => env.uint8array_to_latin1_string('é'))
  `),
)

const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')
const bytes = fc.uint8Array({ maxLength: 300 })

/** The helper's answer, or undefined where it threw. */
function attempt(method: string, input: Uint8Array): Uint8Array | undefined {
  const { logs } = contract.host.state
  logs.length = 0
  const answer = contract.call(method, input)
  return logs.length ? undefined : answer
}

const complaint = (method: string, input = new Uint8Array()): string | undefined => {
  expect(attempt(method, input)).toBeUndefined()
  return contract.host.state.logs[0]
}

describe('hex', () => {
  test('agrees with Buffer in both directions', () => {
    fc.assert(
      fc.property(bytes, (value) => {
        const hex = Buffer.from(value).toString('hex')
        expect(latin1(contract.call('toHex', value))).toBe(hex)
        expect(contract.call('fromHex', Buffer.from(hex))).toEqual(value)
        expect(contract.call('fromHexBytes', Buffer.from(hex.toUpperCase()))).toEqual(value)
      }),
    )
  })

  test('accepts an even number of hex digits and nothing else', () => {
    const nearHex = fc.string({ unit: fc.constantFrom(...'0123456789abcdefABCDEFgG@`/: \n\0é'), maxLength: 12 })
    fc.assert(
      fc.property(nearHex, (text) => {
        const expected = /^([0-9a-f]{2})*$/i.test(text) ? Uint8Array.from(Buffer.from(text, 'hex')) : undefined
        expect(attempt('fromHex', Buffer.from(text, 'latin1'))).toEqual(expected)
      }),
      { numRuns: 1000 },
    )
  })

  test('every single character is judged as Node judges it', () => {
    for (let code = 0; code < 256; code++) {
      const digit = /[0-9a-fA-F]/.test(String.fromCharCode(code))
      expect(attempt('fromHexBytes', Uint8Array.of(48, code)) !== undefined).toBe(digit)
    }
  })
})

describe('base64', () => {
  test('agrees with Buffer in both directions', () => {
    fc.assert(
      fc.property(bytes, (value) => {
        const base64 = Buffer.from(value).toString('base64')
        expect(latin1(contract.call('toBase64', value))).toBe(base64)
        expect(contract.call('fromBase64', Buffer.from(base64))).toEqual(value)
      }),
    )
  })

  test('accepts the one encoding that Buffer would write and nothing else', () => {
    const nearBase64 = fc.string({ unit: fc.constantFrom(...'ABQgwxyz019+/=-_ \n\0é'), maxLength: 9 })
    fc.assert(
      fc.property(nearBase64, (text) => {
        const decoded = Buffer.from(text, 'base64')
        const expected = decoded.toString('base64') === text ? Uint8Array.from(decoded) : undefined
        expect(attempt('fromBase64', Buffer.from(text, 'latin1'))).toEqual(expected)
      }),
      { numRuns: 2000 },
    )
  })

  test.each([
    'A',
    'AA',
    'AAA',
    'AA=A',
    '====',
    'A===',
    'AB==',
    'AAB=',
    'AA==AAAA',
    'AAAA\n',
    ' AAAA',
    'A-_A',
    'AA=='.repeat(2),
  ])('%j is refused', (text) => {
    expect(attempt('fromBase64', Buffer.from(text))).toBeUndefined()
  })
})

describe('UTF-8', () => {
  test('round trip of any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 80 }), (text) => {
        const value = new TextEncoder().encode(text)
        expect(contract.call('utf8', value)).toEqual(value)
        expect(latin1(contract.call('codePoints', value))).toBe([...text].map((c) => c.codePointAt(0)).join())
      }),
    )
  })

  test('malformed bytes throw, exactly where a strict TextDecoder throws', () => {
    const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
    const lead = fc.constantFrom(
      0x41,
      0x7f,
      0x80,
      0xbf,
      0xc0,
      0xc1,
      0xc2,
      0xdf,
      0xe0,
      0xed,
      0xef,
      0xf0,
      0xf4,
      0xf5,
      0xff,
    )
    const next = fc.constantFrom(0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc2)
    const sequence = fc.tuple(fc.nat(10), lead, fc.array(next, { maxLength: 3 }))
    fc.assert(
      fc.property(sequence, ([before, first, rest]) => {
        const value = Uint8Array.from([...Array<number>(before).fill(0x61), first, ...rest])
        let valid = true
        try {
          strict.decode(value)
        } catch {
          valid = false
        }
        expect(attempt('utf8', value)).toEqual(valid ? value : undefined)
      }),
      { numRuns: 2000 },
    )
  })
})

describe('Latin-1', () => {
  test('every byte string is text and back', () => {
    fc.assert(
      fc.property(bytes, (value) => {
        expect(contract.call('latin1', value)).toEqual(value)
      }),
    )
  })

  test('a character beyond it throws; one within it does not, also in a wide string', () => {
    expect(complaint('slicedLatin1', Buffer.from('aéΩ'))).toMatch(/no Latin-1 form$/)
    expect(attempt('slicedLatin1', Buffer.from('Ωé'))).toEqual(Uint8Array.of(0xe9))
  })

  test('bytes in place of text, and text in place of bytes, throw', () => {
    expect(complaint('notText')).toBe('expected a string')
    expect(complaint('notLatin1Text')).toBe('expected a string')
    expect(complaint('notBytes')).toBe('expected a Uint8Array')
  })
})
