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
const input = fc.record(
  {
    environment: fc.constantFrom('production' as const, 'development' as const),
    imageH: anyOr(hex(32)),
    images: anyOr(image),
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

const named = ({ imageH, images }: Policy): boolean =>
  imageH !== 'any' &&
  images !== 'any' &&
  images.every((image) => !isTdxImage(image) || ![image.mrtd, image.rtmr1, image.rtmr2].includes('any'))

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
      const { tcb, td: _, binding: __, ...rest } = policy
      expect(strict).toEqual({
        ...rest,
        tcb: {
          ...tcb,
          accept: tcb.accept.includes('UpToDate') ? ['UpToDate'] : [],
          minEvaluationNumber: Math.max(20, tcb.minEvaluationNumber),
          graceDays: 0,
        },
        td: { debug: false, migratable: false, perfmon: false, serviceTd: false },
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
