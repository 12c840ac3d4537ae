// Policies as fast-check makes them.
import fc from 'fast-check'
import type { PolicyInput } from '../src/policy/policy.ts'
import { TCB_STATUSES } from '../src/tdx/tcb-status.ts'

const hex = (bytes: number) =>
  fc.uint8Array({ minLength: bytes, maxLength: bytes }).map((value) => Buffer.from(value).toString('hex'))
const register = fc.oneof(hex(48), fc.constant('any'))
const anyOr = <T>(item: fc.Arbitrary<T>) => fc.oneof(fc.constant('any' as const), fc.array(item, { maxLength: 2 }))
const image = fc.record(
  { mrtd: register, rtmr0: hex(48), rtmr1: register, rtmr2: register, label: fc.string() },
  { requiredKeys: ['mrtd', 'rtmr1', 'rtmr2', 'label'] },
)
const snpImage = fc.record({ snpMeasurement: hex(48), label: fc.string() })
const svn = fc.nat(2)
const snpTcb = fc.record(
  { fmc: svn, bootloader: svn, tee: svn, snp: svn, microcode: svn },
  { requiredKeys: ['bootloader', 'tee', 'snp', 'microcode'] },
)
/** Any policy, of any shape that its schema lets through. */
export const policyInput: fc.Arbitrary<PolicyInput & Required<Pick<PolicyInput, 'imageH' | 'images'>>> = fc.record(
  {
    tee: fc.subarray(['tdx' as const, 'snp' as const]),
    snp: fc.record({
      debug: fc.boolean(),
      migrate: fc.boolean(),
      cxl: fc.boolean(),
      smt: fc.boolean(),
      vmpl: fc.nat(3),
      vlek: fc.boolean(),
      minTcb: fc.record({ Milan: snpTcb, Genoa: snpTcb, Turin: snpTcb }, { requiredKeys: [] }),
      crl: fc.boolean(),
    }),
    gpu: fc.record(
      {
        count: fc.integer({ min: 1, max: 8 }),
        switches: fc.nat(4),
        chips: fc.subarray(['GH100', 'GB100']),
        minDriver: fc.constant('550.144.03'),
        minVbios: fc.constant('96.00.74.00.1C'),
        revocation: fc.constantFrom('required' as const, 'off' as const),
        maxOcspAgeHours: fc.nat(100),
        boundToCpu: fc.boolean(),
        nras: fc.constantFrom('off' as const, 'also' as const),
      },
      { requiredKeys: ['chips'] },
    ),
    environment: fc.constantFrom('production' as const, 'development' as const),
    imageH: anyOr(hex(32)),
    images: anyOr(fc.oneof(image, snpImage)),
    modelH: fc.array(hex(32), { maxLength: 2 }),
    mrSeam: fc.array(hex(48), { maxLength: 2 }),
    tcb: fc.record({
      accept: fc.subarray(TCB_STATUSES.filter((status) => status !== 'Revoked')),
      minEvaluationNumber: fc.nat(40),
      deniedAdvisories: fc.subarray(['INTEL-SA-00837', 'INTEL-SA-00960']),
      allowedAdvisories: fc.subarray(['INTEL-SA-00837', 'INTEL-SA-00960']),
      graceDays: fc.nat(1000),
    }),
    td: fc.record({ debug: fc.boolean(), migratable: fc.boolean(), perfmon: fc.boolean(), serviceTd: fc.boolean() }),
    platforms: fc.array(hex(16), { maxLength: 2 }),
    binding: fc.constantFrom('key' as const, 'session-signed' as const, 'session-quoted' as const),
    maxAgeSeconds: fc.nat(),
  },
  { requiredKeys: ['imageH', 'images'] },
)
