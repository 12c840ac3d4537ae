// The same evidence on another TEE: what stands where, and what each of its own checks finds.
import { toHex } from '@dcml/protocol'
import { describe, expect, test } from 'vitest'
import { failures, manifest, policyFor, simulator } from '../../test/world.ts'
import { Quoter } from '../node/quoter.ts'
import type { PolicyInput } from '../policy/policy.ts'
import type { Claims } from './claims.ts'
import { type Evidence, type EvidenceJson, evidenceToJson, parseEvidence } from './evidence.ts'
import { imageH } from './manifest.ts'
import { type EvidenceResult, verifyEvidence } from './verify.ts'

const now = new Date()
const fill = (byte: number): Uint8Array => new Uint8Array(32).fill(byte)
const other = manifest('other')
const claims: Claims = {
  purpose: 'session',
  nonce: fill(1),
  tlsSpki: fill(2),
  exporter: fill(3),
  hpkeKey: fill(4),
  sessionKey: fill(5),
  imageH: imageH(manifest()),
  boot: fill(6),
  iat: now.getTime(),
}

/** Evidence of a guest that was started for one image and claims, perhaps, another. */
async function mint({ started = claims.imageH, said = {}, gpus = 0, text = manifest() } = {}): Promise<EvidenceJson> {
  const tee = (await simulator()).createTee({ tee: 'snp', imageH: started, gpus })
  return new Quoter(tee, text).quote(() => ({ ...claims, ...said }))
}

async function judge(evidence: EvidenceJson, policy: Omit<PolicyInput, 'environment'> = {}): Promise<EvidenceResult> {
  const { roots } = await simulator()
  return verifyEvidence({
    evidence,
    policy: await policyFor({ binding: 'session-quoted', ...policy }),
    roots,
    now,
    expect: { purpose: 'session', nonce: fill(1), exporter: fill(3), tlsSpki: fill(2) },
  })
}

const bent = (evidence: EvidenceJson, bend: (evidence: Evidence) => Partial<Evidence>): EvidenceJson => {
  const read = parseEvidence(evidence)
  return evidenceToJson({ ...read, ...bend(read) })
}

test('honest evidence passes, named for what it is', async () => {
  const result = await judge(await mint())
  expect(failures(result.checks)).toEqual([])
  expect(result).toMatchObject({
    ok: true,
    label: 'DEVELOPMENT',
    platform: { tee: 'snp', signer: 'VCEK' },
    devices: [],
  })
  const names = result.checks.map(({ name }) => name)
  expect(names).toContain('host_data')
  for (const absent of ['quote_signature', 'mr_config_id', 'event_log']) expect(names).not.toContain(absent)
  const gpu = result.checks.filter(({ name }) => name.startsWith('gpu_'))
  expect(new Set(gpu.map(({ status }) => status))).toEqual(new Set(['skipped']))
})

test('with GPUs, where the policy asks for them', async () => {
  const evidence = await mint({ gpus: 2 })
  const result = await judge(evidence, { gpu: { count: 2 } })
  expect(failures(result.checks)).toEqual([])
  expect(result.devices.map(({ kind, chip }) => `${kind} ${chip}`)).toEqual(['gpu GH100', 'gpu GH100'])
  expect(failures((await judge(evidence, { gpu: { count: 1 } })).checks)).toEqual(['gpu_count'])
})

describe('each lie is found by its own check', () => {
  test.each<[string, () => Promise<EvidenceJson>, Omit<PolicyInput, 'environment'>, string[]]>([
    ['a TEE that is not accepted', () => mint(), { tee: ['tdx'] }, ['tee']],
    [
      'another image claimed than started',
      () => mint({ started: imageH(other) }),
      { imageH: [toHex(claims.imageH), toHex(imageH(other))] },
      ['host_data'],
    ],
    [
      'another image, honestly',
      () => mint({ started: imageH(other), said: { imageH: imageH(other) }, text: other }),
      {},
      ['snp_host_data'],
    ],
    [
      'claims that were not signed',
      async () =>
        bent(await mint(), (it) => ({
          claims: it.claims.map((byte, i) => (i === it.claims.length - 2 ? 0x31 + ((byte + 1) % 9) : byte)),
        })),
      { maxAgeSeconds: 1e9 },
      ['report_data'],
    ],
    ['a boot image that is not accepted', () => mint(), { images: [] }, ['snp_boot_image']],
    [
      'GPU evidence left out',
      async () => bent(await mint({ gpus: 1 }), () => ({ gpu: [] })),
      { gpu: {} },
      ['gpu_count', 'gpu_evidence'],
    ],
    ['no GPU evidence claimed', () => mint(), { gpu: {} }, ['gpu_count', 'gpu_evidence']],
  ])('%s', async (_, evidence, policy, checks) => {
    const result = await judge(await evidence(), policy)
    expect(result.ok).toBe(false)
    expect(failures(result.checks)).toEqual(checks)
  })
})

test('unreadable evidence shows every check of the accepted TEEs as not reached', async () => {
  const { checks, platform, warnings } = await judge({} as EvidenceJson)
  expect(failures(checks)).toEqual(['evidence_format'])
  const names = checks.map(({ name }) => name)
  for (const name of ['tee', 'quote_signature', 'snp_report_signature', 'gpu_signature', 'event_log', 'host_data'])
    expect(names).toContain(name)
  expect(checks.filter(({ status }) => status === 'pass')).toEqual([])
  expect([platform, warnings]).toEqual([undefined, []])
})
