// Published reports of real processors. None of them comes with a CRL, so the policy here does not ask for one.
import { X509Certificate } from 'node:crypto'
import { toHex } from '@dcml/protocol'
import { createSimulator } from '@dcml/tee-simulator'
import { sha256 } from '@noble/hashes/sha2.js'
import { base64 } from '@scure/base'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { findVector } from '../../../test/vectors.ts'
import { type PolicyInput, parsePolicy, SignatureMemory, type SnpVerification, verifySnpReport } from '../src/index.ts'
import { AMD_ARK_BASE64, AMD_ARK_SHA256 } from '../src/roots/amd.ts'

const now = new Date('2026-11-21T12:00:00Z')
const none = { bootloader: 0, tee: 0, snp: 0, microcode: 0 }
const policy = (snp: PolicyInput['snp'] = {}, rest: PolicyInput = {}) =>
  parsePolicy({
    tee: ['snp'],
    imageH: 'any',
    images: 'any',
    snp: { crl: false, minTcb: { Milan: none, Genoa: none, Turin: none }, ...snp },
    ...rest,
  })

const vector = (name: string) => findVector(`attestation/snp/${name}` as Parameters<typeof findVector>[0])
const load = (folder: string, roots: string, vek = 'vcek', ask = 'ask') => {
  const [report, leaf, issuer, ark] = [
    vector(`${folder}/report.bin`),
    vector(`${folder}/${vek}.der`),
    vector(`roots/${roots}-${ask}.der`),
    vector(`roots/${roots}-ark.der`),
  ]
  return report && leaf && issuer && ark ? { report, vek: leaf, ask: issuer, ark } : undefined
}
const failures = ({ checks }: SnpVerification): string[] =>
  checks.filter(({ status }) => status === 'fail').map(({ name }) => name)

test.each(['Milan', 'Genoa', 'Turin'] as const)('the pinned root of %s is AMD’s', (product) => {
  const der = base64.decode(AMD_ARK_BASE64[product])
  expect(toHex(sha256(der))).toBe(AMD_ARK_SHA256[product])
  const ark = new X509Certificate(der)
  expect(ark.subject).toContain(`CN=ARK-${product}`)
  expect(ark.verify(ark.publicKey)).toBe(true)
})

const genoa = load('genoa-v5', 'genoa')
const milan = load('milan-v2', 'milan')
const debug = load('milan-v2-debug', 'milan')
const vlek = load('milan-v3-vlek', 'milan', 'vlek', 'asvk')

describe.skipIf(!genoa)('the genuine report of version 5 of a Genoa', () => {
  const evidence = genoa ?? ({} as NonNullable<typeof genoa>)
  const tcb = { bootloader: 10, tee: 0, snp: 27, microcode: 27 }

  test('is accepted for what it is', async () => {
    const verification = await verifySnpReport({ ...evidence, now, policy: policy() })
    expect(failures(verification)).toEqual([])
    expect(verification).toMatchObject({ ok: true, environment: 'production', product: 'Genoa', signer: 'VCEK', tcb })
    const { report, levels, chipId } = verification
    expect(levels).toEqual({ current: tcb, reported: tcb, committed: tcb, launch: tcb })
    expect(new TextDecoder().decode(report!.reportData.subarray(0, 17))).toBe('hello-attestation')
    expect(report).toMatchObject({ version: 5, vmpl: 0, cpuid: { family: 0x19, model: 0xa0, stepping: 2 } })
    expect(chipId).toEqual(report!.chipId)
  })

  test('meets a policy that names it, and none that names another', async () => {
    const { report } = await verifySnpReport({ ...evidence, now, policy: policy() })
    const own = {
      imageH: [toHex(report!.hostData)],
      images: [{ snpMeasurement: toHex(report!.measurement), label: 'it' }],
      platforms: [toHex(report!.chipId)],
    }
    const named = policy({ minTcb: { Genoa: tcb } }, own)
    expect(await verifySnpReport({ ...evidence, now, policy: named })).toMatchObject({ ok: true })
    const other = policy(
      { minTcb: { Genoa: { ...tcb, microcode: 28 } }, smt: false },
      {
        imageH: ['ab'.repeat(32)],
        images: [{ snpMeasurement: 'ab'.repeat(48), label: 'other' }],
        platforms: ['ab'.repeat(64)],
      },
    )
    expect(failures(await verifySnpReport({ ...evidence, now, policy: other }))).toEqual([
      'snp_tcb_reported',
      'snp_tcb_committed',
      'snp_tcb_launch',
      'snp_smt',
      'snp_host_data',
      'snp_boot_image',
      'snp_platform_id',
    ])
  })

  test('is refused before and after its certificate’s time, without a CRL that is asked for, below other roots', async () => {
    const refusals = async (change: Partial<Parameters<typeof verifySnpReport>[0]>) =>
      failures(await verifySnpReport({ ...evidence, now, policy: policy(), ...change }))
    expect(await refusals({ now: new Date('2026-02-17T00:00:00Z') })).toEqual(['snp_chain'])
    expect(await refusals({ now: new Date('2033-02-18T00:00:00Z') })).toEqual(['snp_chain'])
    expect(await refusals({ now: new Date('never') })).toEqual(['snp_chain'])
    expect(await refusals({ policy: policy({ crl: true }) })).toEqual(['snp_crl_format'])
    const { rootDer } = await createSimulator({ now })
    for (const roots of [[], [rootDer], [milan?.ark ?? new Uint8Array(9)], ['nonsense']])
      expect(await refusals({ roots })).toEqual(['snp_root_pinned'])
    const development = policy({}, { environment: 'development' })
    expect(await refusals({ policy: development })).toEqual(['snp_environment'])
    expect(await refusals({ policy: parsePolicy({}) })).toContain('snp_tcb_reported')
  })

  afterEach(() => void vi.unstubAllGlobals())

  test('is refused, and says why, where there is no WebCrypto', async () => {
    vi.stubGlobal('crypto', undefined)
    const verification = await verifySnpReport({
      ...evidence,
      now,
      policy: policy(),
      signatures: new SignatureMemory(),
    })
    expect(failures(verification)).toEqual(['snp_chain'])
    expect(verification.checks.find(({ name }) => name === 'snp_chain')?.why).toContain('WebCrypto')
  })

  /** First byte, and the checks that may name a change from there on (SEV-SNP Firmware ABI, ATTESTATION_REPORT). */
  const regions: [number, RegExp][] = [
    [0x00, /^snp_report_(version|signature)$/],
    [0x04, /^snp_report_signature$/],
    [0x34, /^snp_signature_algorithm$/],
    [0x38, /^snp_report_signature$/],
    [0x48, /^snp_(signing_key|report_signature)$/],
    [0x49, /^snp_report_signature$/],
    [0x188, /^snp_(product|report_signature)$/],
    [0x18b, /^snp_report_signature$/],
    [0x2a0, /^snp_report_signature$/],
    [0x2d0, /^snp_reserved$/],
    [0x2e8, /^snp_report_signature$/],
    [0x318, /^snp_reserved$/],
  ]

  test('is refused with any byte changed, by the check that covers it', async () => {
    for (let at = 0; at < evidence.report.length; at++) {
      const report = evidence.report.with(at, evidence.report[at]! ^ (1 << (at % 8)))
      const verification = await verifySnpReport({ ...evidence, report, now, policy: policy() })
      expect(verification.ok).toBe(false)
      const [, expected] = regions.findLast(([start]) => start <= at)!
      expect(failures(verification)[0], `byte ${at}`).toMatch(expected)
    }
  }, 60_000)

  test.each(['vek', 'ask', 'ark'] as const)('is refused with any byte of its %s changed', async (part) => {
    const bytes = evidence[part]
    for (let at = 0; at < bytes.length; at += 7) {
      const changed = { ...evidence, [part]: bytes.with(at, bytes[at]! ^ (1 << (at % 8))) }
      const verification = await verifySnpReport({ ...changed, now, policy: policy() })
      expect(verification.ok).toBe(false)
      expect(failures(verification)[0], `byte ${at}`).toMatch(/^snp_(certificates|root_pinned|chain)$/)
    }
  })
})

describe.skipIf(!milan)('the genuine report of version 2 of a Milan', () => {
  const evidence = milan ?? ({} as NonNullable<typeof milan>)

  test('is accepted, its family being read from the certificate', async () => {
    const verification = await verifySnpReport({ ...evidence, now, policy: policy() })
    expect(failures(verification)).toEqual([])
    expect(verification).toMatchObject({ product: 'Milan', report: { version: 2 } })
    expect(verification.levels).toMatchObject({ current: { microcode: 206 }, reported: { microcode: 115 } })
  })

  test.each(['vcek-wrong-chip', 'vcek-wrong-format'])('is refused with %s', async (name) => {
    const vek = vector(`milan-v2/${name}.der`)!
    expect(failures(await verifySnpReport({ ...evidence, vek, now, policy: policy() }))).toEqual(['snp_chain'])
  })

  test.skipIf(!debug)('is refused with the genuine VCEK of another Milan', async () => {
    const verification = await verifySnpReport({ ...evidence, vek: debug!.vek, now, policy: policy() })
    expect(failures(verification)).toEqual(['snp_report_signature'])
  })
})

test.skipIf(!debug)(
  'a genuine guest that its host may debug is refused, unless the policy tolerates that',
  async () => {
    const verification = await verifySnpReport({ ...debug!, now, policy: policy() })
    expect(failures(verification)).toEqual(['snp_debug'])
    expect(await verifySnpReport({ ...debug!, now, policy: policy({ debug: true }) })).toMatchObject({ ok: true })
  },
)

describe.skipIf(!vlek)('the genuine report of version 3 that a VLEK of Amazon signed', () => {
  const evidence = vlek ?? ({} as NonNullable<typeof vlek>)
  const then = new Date('2025-06-01T00:00:00Z')
  const verify = (snp: PolicyInput['snp'], rest?: PolicyInput, at = then) =>
    verifySnpReport({ ...evidence, now: at, policy: policy(snp, rest) })

  test('is accepted at its time, where the policy takes a VLEK and VMPL 1', async () => {
    const verification = await verify({ vlek: true, vmpl: 1 })
    expect(failures(verification)).toEqual([])
    expect(verification).toMatchObject({ ok: true, signer: 'VLEK', cspId: 'CN=cc-us-east-2.amazonaws.com' })
    expect(verification.checks.find(({ name }) => name === 'snp_chip_id')?.status).toBe('skipped')
  })

  test('is refused otherwise', async () => {
    expect(failures(await verify({ vmpl: 1 }))).toEqual(['snp_signing_key'])
    expect(failures(await verify({ vlek: true }))).toEqual(['snp_vmpl'])
    expect(failures(await verify({ vlek: true, vmpl: 1 }, {}, now))).toEqual(['snp_chain'])
    const anyChip = { platforms: ['00'.repeat(64)] }
    expect(failures(await verify({ vlek: true, vmpl: 1 }, anyChip))).toEqual(['snp_platform_id'])
  })
})
