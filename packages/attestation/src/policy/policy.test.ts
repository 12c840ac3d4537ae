import { DcmlError } from '@dcml/protocol'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parsePolicy } from './policy.ts'
import { clientDefault, development, platform } from './presets.ts'

const imageH = 'ab'.repeat(32)
const mrtd = 'cd'.repeat(48)
const image = { mrtd, rtmr1: mrtd, rtmr2: 'ef'.repeat(48), label: 'a' }

const refusal = (json: unknown): DcmlError => {
  try {
    parsePolicy(json)
  } catch (error) {
    if (DcmlError.isInstance(error)) return error
    throw error
  }
  throw new Error('accepted')
}

test('an empty policy accepts nothing', () => {
  expect(parsePolicy({})).toEqual({
    environment: 'production',
    tee: ['tdx'],
    imageH: [],
    images: [],
    tcb: { accept: ['UpToDate'], minEvaluationNumber: 20, deniedAdvisories: [], allowedAdvisories: [], graceDays: 0 },
    td: { debug: false, migratable: false, perfmon: false, serviceTd: false },
    snp: { debug: false, migrate: false, cxl: false, smt: true, vmpl: 0, vlek: false, minTcb: {}, crl: true },
    binding: 'session-signed',
    maxAgeSeconds: 600,
  })
})

test('hex is compared in lower case', () => {
  expect(parsePolicy({ imageH: [imageH.toUpperCase()] }).imageH).toEqual([imageH])
})

test('a policy reads back as itself', () => {
  for (const policy of [
    platform,
    development(),
    clientDefault({ imageH: [imageH], images: [image, { ...image, rtmr1: 'any' as const }] }),
  ])
    expect(parsePolicy(JSON.parse(JSON.stringify(policy)))).toEqual(policy)
})

describe('refuses with the field', () => {
  test.each([
    [null, 'policy'],
    [{ imageh: [] }, 'imageh'],
    [{ environment: 'test' }, 'environment'],
    [{ imageH: imageH }, 'imageH'],
    [{ imageH: [imageH.slice(2)] }, 'imageH.0'],
    [{ imageH: ['zz'.repeat(32)] }, 'imageH.0'],
    [{ images: [{ ...image, label: undefined }] }, 'images.0.label'],
    [{ images: [{ ...image, rtmr3: mrtd }] }, 'images.0.rtmr3'],
    // the firmware alone says nothing about what it boots
    [{ images: [{ mrtd, label: 'a' }] }, 'images.0.rtmr1'],
    [{ images: [{ mrtd, rtmr1: mrtd, label: 'a' }] }, 'images.0.rtmr2'],
    [{ images: [image, { ...image, rtmr2: 'all' }] }, 'images.1.rtmr2'],
    [{ images: [{ ...image, rtmr0: 'any' }] }, 'images.0.rtmr0'],
    [{ tcb: { accept: ['Revoked'] } }, 'tcb.accept.0'],
    [{ tcb: { accept: ['uptodate'] } }, 'tcb.accept.0'],
    [{ tcb: { graceDays: -1 } }, 'tcb.graceDays'],
    [{ tcb: { graceDays: Number.POSITIVE_INFINITY } }, 'tcb.graceDays'],
    [{ tcb: { minEvaluationNumber: '20' } }, 'tcb.minEvaluationNumber'],
    [{ tcb: { deniedAdvisories: ['00837'] } }, 'tcb.deniedAdvisories.0'],
    [{ td: { debug: 'false' } }, 'td.debug'],
    [{ platforms: ['00'] }, 'platforms.0'],
    [{ tee: ['sgx'] }, 'tee.0'],
    [{ images: [{ snpMeasurement: 'any', label: 'a' }] }, 'images.0.snpMeasurement'],
    [{ images: [{ snpMeasurement: mrtd, mrtd, label: 'a' }] }, 'images.0.mrtd'],
    [{ snp: { vmpl: 4 } }, 'snp.vmpl'],
    [{ snp: { minTcb: { Rome: {} } } }, 'snp.minTcb.Rome'],
    [{ snp: { minTcb: { Genoa: { bootloader: 1, tee: 0, snp: 256, microcode: 1 } } } }, 'snp.minTcb.Genoa.snp'],
    [{ gpu: { count: 0 } }, 'gpu.count'],
    [{ gpu: { minDriver: 'new' } }, 'gpu.minDriver'],
    [{ gpu: { boundToCpu: 'yes' } }, 'gpu.boundToCpu'],
    [{ binding: 'none' }, 'binding'],
    [{ maxAgeSeconds: Number.NaN }, 'maxAgeSeconds'],
  ])('%j: %s', (json, field) => {
    expect(refusal(json)).toMatchObject({ code: 'policy_invalid', details: { field } })
  })

  test('any JSON, with nothing but policy_invalid', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (json) => {
        try {
          parsePolicy(json)
        } catch (error) {
          expect(error).toMatchObject({ code: 'policy_invalid' })
        }
      }),
    )
  })
})

describe('presets', () => {
  test('only development takes development roots', () => {
    expect(development().environment).toBe('development')
    for (const policy of [platform, clientDefault({ imageH: 'any', images: 'any' }), parsePolicy({})])
      expect(policy.environment).toBe('production')
  })
  test('development takes every kind of TEE, the others what they are told to', () => {
    expect(development()).toMatchObject({ tee: ['tdx', 'snp'], snp: { debug: false, crl: true } })
    expect(Object.keys(development({ snp: { vlek: true } }).snp.minTcb)).toEqual(['Milan', 'Genoa', 'Turin'])
    for (const policy of [platform, clientDefault({ imageH: 'any', images: 'any' })])
      expect(policy).toMatchObject({ tee: ['tdx'], snp: { minTcb: {} } })
  })
  test('the platform preset judges no identity', () => {
    expect(platform).toMatchObject({ imageH: 'any', images: 'any', tcb: { accept: ['UpToDate'], graceDays: 0 } })
  })
})
