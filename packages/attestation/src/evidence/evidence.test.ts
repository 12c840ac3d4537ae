import { utf8 } from '@dcml/protocol'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Evidence, evidenceToJson, formatEvidence, MAX_EVIDENCE_BYTES, parseEvidence } from './evidence.ts'

const blob = fc.uint8Array({ maxLength: 300 })
const members = [
  'pck_crl_issuer_chain',
  'root_ca_crl',
  'pck_crl',
  'tcb_info_issuer_chain',
  'tcb_info',
  'tcb_info_signature',
  'qe_identity_issuer_chain',
  'qe_identity',
  'qe_identity_signature',
] as const
const text = fc.string({ maxLength: 100 })
const collateral = fc.record(Object.fromEntries(members.map((name) => [name, text])) as never)
const tdx = fc.record(
  { tee: fc.constant('tdx' as const), quote: blob, collateral, eventLog: blob },
  { requiredKeys: ['tee', 'quote', 'collateral'] },
)
const report = fc.uint8Array({ minLength: 1184, maxLength: 1184 })
const snp = fc.record(
  { tee: fc.constant('snp' as const), report, vek: blob, ask: blob, ark: blob, crl: blob },
  { requiredKeys: ['tee', 'report', 'vek', 'ask', 'ark'] },
)
const device = fc.record(
  {
    kind: fc.constantFrom('gpu' as const, 'switch' as const),
    report: blob,
    certificates: text,
    rims: fc.array(text, { maxLength: 4 }),
    revocations: fc.array(blob, { maxLength: 16 }),
    nras: text,
  },
  { requiredKeys: ['kind', 'report', 'certificates', 'rims', 'revocations'] },
)
const evidenceOn = (cpu: fc.Arbitrary<unknown>): fc.Arbitrary<Evidence> =>
  fc.record({ claims: blob, manifest: blob, cpu, gpu: fc.array(device, { maxLength: 16 }) }) as fc.Arbitrary<Evidence>
const evidence = evidenceOn(fc.oneof(tdx, snp))
const refused = expect.objectContaining({ code: 'evidence_malformed' })
const [example] = fc.sample(evidenceOn(tdx), { numRuns: 1, seed: 1 }) as [Evidence]
const [snpExample] = fc.sample(evidenceOn(snp), { numRuns: 1, seed: 1 }) as [Evidence]

test('evidence survives the trip through bytes, text and JSON', () => {
  fc.assert(
    fc.property(evidence, (value) => {
      const bytes = formatEvidence(value)
      expect(parseEvidence(bytes)).toEqual(value)
      expect(parseEvidence(new TextDecoder().decode(bytes))).toEqual(value)
      expect(parseEvidence(evidenceToJson(value))).toEqual(value)
    }),
  )
})

test('whatever else comes in is refused by one error', () => {
  fc.assert(
    fc.property(fc.oneof(fc.jsonValue(), fc.string(), fc.uint8Array(), fc.anything()), (input) => {
      expect(() => parseEvidence(input)).toThrow(refused)
    }),
  )
})

test('a field that is missing, doubled in a sibling, or of another type is refused by name', () => {
  const json = JSON.parse(JSON.stringify(evidenceToJson(example)))
  const paths = [
    ...Object.keys(json).map((name) => [name]),
    ...['tee', 'quote', 'collateral'].map((name) => ['cpu', name]),
    ...members.map((name) => ['cpu', 'collateral', name]),
  ]
  for (const path of paths)
    for (const value of [undefined, 7, null]) {
      const bent = structuredClone(json)
      const parent = path.slice(0, -1).reduce((node, name) => node[name], bent)
      if (value === undefined) delete parent[path.at(-1)!]
      else parent[path.at(-1)!] = value
      expect(() => parseEvidence(bent), path.join('.')).toThrow(
        expect.objectContaining({ code: 'evidence_malformed', message: expect.stringContaining(path.join('.')) }),
      )
    }
  expect(() => parseEvidence({ ...json, sessionKey: 'AAAA' })).toThrow(refused)
  expect(() => parseEvidence({ ...json, gpu: [{}] })).toThrow(refused)
})

test('an error never carries control characters of the input', () => {
  const error = (() => {
    try {
      parseEvidence({ '\u001b[2J\n': 1 })
    } catch (caught) {
      return caught as Error
    }
  })()
  expect(error?.message).toMatch(/^[\x20-\x7e]+$/)
})

test('lengths are refused before anything is decoded', () => {
  const json = evidenceToJson(example)
  const snpJson = evidenceToJson(snpExample)
  const gpuJson = { kind: 'gpu', report: '', certificates: '', rims: [], revocations: [] }
  expect(() => parseEvidence({ ...snpJson, gpu: [gpuJson] })).not.toThrow()
  const long = 'A'.repeat(400_000)
  for (const bent of [
    { ...json, claims: long },
    { ...json, manifest: long },
    { ...json, cpu: { ...json.cpu, quote: long } },
    { ...json, cpu: { ...json.cpu, eventLog: long } },
    {
      ...json,
      cpu: { ...json.cpu, collateral: { ...(json.cpu.tee === 'tdx' ? json.cpu.collateral : {}), tcb_info: long } },
    },
    { ...snpJson, cpu: { ...snpJson.cpu, report: `${(snpJson.cpu as { report: string }).report}AAAA` } },
    { ...snpJson, cpu: { ...snpJson.cpu, vek: long } },
    { ...json, gpu: [{ ...gpuJson, report: long }] },
    { ...json, gpu: [{ ...gpuJson, revocations: [long] }] },
    { ...json, gpu: Array.from({ length: 17 }, () => gpuJson) },
  ])
    expect(() => parseEvidence(bent)).toThrow(refused)
  expect(() => parseEvidence(utf8(`${' '.repeat(MAX_EVIDENCE_BYTES)}{}`))).toThrow(refused)
  expect(() => parseEvidence('['.repeat(1_000_000))).toThrow(refused)
})
