import { DcmlError } from '@dcml/protocol'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { sortedJson } from './json-text.ts'
import { MAX_SERVICE_EVIDENCE, recognise } from './recognise.ts'
import { memberText, signedText } from './tinfoil/document.ts'

/** Runs `recognise`, letting through nothing but a result or a DcmlError. */
function look(input: unknown) {
  try {
    return recognise(input)?.kind
  } catch (error) {
    expect(DcmlError.isInstance(error)).toBe(true)
    return (error as DcmlError).code
  }
}

const names = [
  'claims,cpu,manifest',
  'evidence',
  'format,body',
  'format,report_data,cpu,gpu,signature',
  'enclaveAttestationReport',
  'text,signature,signing_address',
  'intel_quote,signing_address,info,event_log,nvidia_payload',
  'gateway_attestation,model_attestations,tls_certificate',
  'quote,event_log,report_data',
  'app_cert,tcb_info',
  'attestation',
  'evidence_list,nonce',
]
/** Objects with the members that services' answers have, holding anything. */
const lookalike = fc
  .constantFrom(...names)
  .chain((list) =>
    fc.record(
      Object.fromEntries(
        list
          .split(',')
          .map((name) => [
            name,
            fc.oneof(
              fc.jsonValue({ maxDepth: 3 }),
              fc.string({ unit: fc.constantFrom(...'0123456789abcdefx') }),
              fc.base64String(),
              fc.constantFrom(
                'https://tinfoil.sh/predicate/attestation/v3',
                'https://tinfoil.sh/predicate/tdx-guest/v2',
              ),
            ),
          ]),
      ),
    ),
  )

test('nothing but a result or a DcmlError comes of any JSON', () => {
  fc.assert(fc.property(fc.oneof(fc.jsonValue(), lookalike), (json) => void look(JSON.stringify(json))))
  fc.assert(fc.property(fc.anything(), (value) => void look(value)))
})

test('nor of any bytes', () => {
  const starts = [[], [4, 0, 2, 0, 0x81, 0, 0, 0], [0x30, 0x82, 0x10, 0], [3, 0, 0, 0], [0x1f, 0x8b]]
  const bytes = fc
    .tuple(fc.constantFrom(...starts), fc.uint8Array({ maxLength: 1300 }))
    .map(([start, rest]) => Uint8Array.from([...start, ...rest]))
  fc.assert(fc.property(bytes, (input) => void look(input)))
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 200, maxLength: 300 }), (blob) => {
      look(JSON.stringify({ attestation: `0000${Buffer.from(blob).toString('hex')}` }))
    }),
  )
})

test.each([
  ['deep nesting', `{"claims":${'['.repeat(200_000)}${']'.repeat(200_000)},"cpu":1,"manifest":1}`],
  ['a hex text of a million digits', 'ab'.repeat(500_000)],
  ['a PEM that never ends', `-----BEGIN CERTIFICATE-----${'A'.repeat(1_000_000)}`],
  [
    'an endless list of devices',
    `[${'{"evidence":"","certificate":""},'.repeat(20_000)}{"evidence":"","certificate":""}]`,
  ],
])('%s costs no more than reading it', (_, text) => {
  look(text)
})

test('what is too long is not looked at', () => {
  expect(look('x'.repeat(MAX_SERVICE_EVIDENCE + 1))).toBe('service_evidence_malformed')
  expect(look(new Uint8Array(MAX_SERVICE_EVIDENCE + 1))).toBe('service_evidence_malformed')
})

test('what is nothing known is undefined, and what is malformed names its field', () => {
  for (const input of ['', '{}', '[]', '1', 'hello', new Uint8Array(), null, undefined, { a: 1 }])
    expect(look(input)).toBeUndefined()
  const report = { intel_quote: 'zz', signing_address: '00'.repeat(20) }
  expect(() => recognise(report)).toThrow(/intel_quote: not hex/)
})

test('a member is found as it stands in the text, whatever else is there', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.jsonValue(), fc.nat(4), (others, value, indent) => {
      const { gpu: _, signature: __, ...rest } = others
      const text = JSON.stringify({ ...rest, gpu: value, signature: 'abc' }, undefined, indent)
      expect(JSON.parse(memberText(text, 'gpu')!)).toEqual(JSON.parse(JSON.stringify(value)))
      expect(JSON.parse(signedText(text)!)).toEqual(JSON.parse(JSON.stringify({ ...rest, gpu: value, signature: '' })))
    }),
  )
})

test('sorted JSON says the same whatever the order of members', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (object) => {
      const reversed = Object.fromEntries(Object.entries(object).reverse())
      expect(sortedJson(reversed)).toBe(sortedJson(object))
      expect(JSON.parse(sortedJson(object))).toEqual(JSON.parse(JSON.stringify(object)))
    }),
  )
})
