// However lax what it is given: a key leaves under one policy.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { policyInput } from '../../test/arbitrary.ts'
import { strictKeyPolicy } from './key-release.ts'
import { isTdxImage, type Policy, type PolicyInput, parsePolicy } from './policy.ts'
import { keyRelease } from './presets.ts'

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
    fc.property(policyInput, (given) => {
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
        snp: {
          debug: false,
          migrate: false,
          cxl: false,
          smt: snp.smt,
          vmpl: 0,
          vlek: false,
          minTcb: snp.minTcb,
          crl: true,
        },
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
    fc.property(policyInput, (given) => {
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
