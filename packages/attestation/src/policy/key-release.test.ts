// However lax what it is given: a key leaves under one policy.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { TCB_STATUSES } from '../tdx/tcb-status.ts'
import { strictKeyPolicy } from './key-release.ts'
import { isTdxImage, type Policy, type PolicyInput, parsePolicy } from './policy.ts'
import { keyRelease } from './presets.ts'

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
const input = fc.record(
  {
    tee: fc.subarray(['tdx' as const, 'snp' as const]),
    snp: fc.record({
      debug: fc.boolean(),
      migrate: fc.boolean(),
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

const named = ({ imageH, images, tee, snp }: Policy): boolean =>
  imageH !== 'any' &&
  images !== 'any' &&
  images.every((image) => !isTdxImage(image) || ![image.mrtd, image.rtmr1, image.rtmr2].includes('any')) &&
  (!tee.includes('snp') ||
    Object.values(snp.minTcb).every((tcb) => tcb.bootloader + tcb.tee + tcb.snp + tcb.microcode > 0))

/** The policy, or the code of the refusal. */
function attempt(make: () => Policy): Policy | string {
  try {
    return make()
  } catch (error) {
    return (error as { code: string }).code
  }
}

test('nothing it is given widens it, and no restriction is lost', () => {
  fc.assert(
    fc.property(input, (given) => {
      const policy = parsePolicy(given)
      const strict = attempt(() => strictKeyPolicy(policy))
      if (policy.environment === 'production' && !named(policy)) {
        expect(strict).toBe('key_policy_too_wide')
        return
      }
      const { tcb, snp, gpu, td: _, binding: __, ...rest } = policy
      expect(strict).toEqual({
        ...rest,
        tcb: {
          ...tcb,
          accept: tcb.accept.includes('UpToDate') ? ['UpToDate'] : [],
          minEvaluationNumber: Math.max(20, tcb.minEvaluationNumber),
          graceDays: 0,
        },
        td: { debug: false, migratable: false, perfmon: false, serviceTd: false },
        snp: { debug: false, migrate: false, smt: snp.smt, vmpl: 0, vlek: false, minTcb: snp.minTcb, crl: true },
        ...(gpu && {
          gpu: {
            ...gpu,
            revocation: 'required',
            maxOcspAgeHours: Math.min(24, gpu.maxOcspAgeHours),
            boundToCpu: true,
          },
        }),
        binding: 'session-quoted',
      })
      expect(strictKeyPolicy(strict as Policy)).toEqual(strict)
    }),
  )
})

test('the preset is that policy', () => {
  fc.assert(
    fc.property(input, (given: Required<Pick<PolicyInput, 'imageH' | 'images'>> & PolicyInput) => {
      const strict = attempt(() => strictKeyPolicy(parsePolicy({ maxAgeSeconds: 60, ...given })))
      expect(attempt(() => keyRelease(given))).toEqual(strict)
    }),
  )
})

test('what no schema has read is refused', () => {
  const { rtmr1: _, ...half } = { mrtd: 'cd'.repeat(48), rtmr1: '', rtmr2: 'cd'.repeat(48), label: 'half' }
  const policy = { ...parsePolicy({}), images: [half as never] }
  expect(attempt(() => strictKeyPolicy(policy))).toBe('policy_invalid')
})

test('a processor family whose every TCB would do is refused, one that is not named is just not accepted', () => {
  const least = { bootloader: 0, tee: 0, snp: 0, microcode: 0 }
  const release = (minTcb: NonNullable<NonNullable<PolicyInput['snp']>['minTcb']>) =>
    attempt(() => keyRelease({ imageH: [], images: [], tee: ['snp'], snp: { minTcb } }))
  expect(release({ Genoa: { ...least, snp: 27 }, Turin: { ...least, fmc: 1 } })).toBe('key_policy_too_wide')
  expect(release({ Genoa: { ...least, snp: 27 } })).toMatchObject({ snp: { minTcb: { Genoa: { snp: 27 } } } })
  expect(release({})).toMatchObject({ snp: { minTcb: {} } })
})
