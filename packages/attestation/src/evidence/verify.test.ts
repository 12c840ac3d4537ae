import { toHex, utf8 } from '@dcml/protocol'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { failures, manifest, policyFor, simulator } from '../../test/world.ts'
import type { Expectation } from '../channel/binding.ts'
import type { TdxEvidence } from '../tee.ts'
import { type Claims, encodeClaims, reportData } from './claims.ts'
import { parseEventLog } from './event-log.ts'
import { type EvidenceJson, evidenceToJson, parseEvidence } from './evidence.ts'
import { imageH } from './manifest.ts'
import { verifyEvidence } from './verify.ts'

const fill = (byte: number): Uint8Array => new Uint8Array(32).fill(byte)
const now = new Date()
const honest: Claims = {
  purpose: 'session',
  nonce: fill(1),
  tlsSpki: fill(2),
  exporter: fill(3),
  hpkeKey: fill(4),
  sessionKey: fill(5),
  imageH: imageH(manifest()),
  modelH: fill(6),
  boot: fill(7),
  iat: now.getTime() - 5000,
}
const expected: Expectation = { purpose: 'session', nonce: fill(1), exporter: fill(3), tlsSpki: fill(2) }

interface Bend {
  claims?: Partial<Claims>
  /** The purpose the quote is made for, where the claims say another. */
  quotedFor?: Claims['purpose']
  /** The image the TEE was started with, where the claims say another. */
  started?: Uint8Array
  manifest?: Uint8Array
  /** After the start. */
  extend?: [imr: number, event: string, payload: Uint8Array][]
  cpu?: (cpu: TdxEvidence) => TdxEvidence
  json?: (json: EvidenceJson) => unknown
}

/** Evidence of a simulated TEE that is honest but for what is bent. */
async function mint(bend: Bend = {}): Promise<unknown> {
  const fields = { ...honest, ...bend.claims }
  const tee = (await simulator()).createTee({ imageH: bend.started ?? fields.imageH })
  for (const event of bend.extend ?? []) tee.extend(...event)
  const claims = encodeClaims(fields)
  const cpu = await tee.quote(reportData(bend.quotedFor ?? fields.purpose, claims))
  const json = evidenceToJson({ claims, cpu: bend.cpu?.(cpu) ?? cpu, gpu: [], manifest: bend.manifest ?? manifest() })
  return bend.json?.(json) ?? json
}

async function judge(
  evidence: unknown,
  { expect: expectation = expected, ...policy }: Parameters<typeof policyFor>[0] & { expect?: Expectation } = {},
) {
  const { roots } = await simulator()
  const binding = 'session-quoted'
  return verifyEvidence({
    evidence,
    policy: await policyFor({ binding, ...policy }),
    roots,
    now,
    expect: expectation,
  })
}

test('honest evidence passes, marked as simulated, and yields its claims', async () => {
  const result = await judge(await mint())
  expect(failures(result.checks)).toEqual([])
  expect(result).toMatchObject({ ok: true, environment: 'development', label: 'DEVELOPMENT', claims: honest })
  expect(result.manifest?.name).toBe('chat')
})

const other = manifest('other')
const withoutLog = ({ eventLog: _, ...cpu }: TdxEvidence): TdxEvidence => cpu
const bendLog =
  (edit: (log: string) => string) =>
  (cpu: TdxEvidence): TdxEvidence => ({ ...cpu, eventLog: utf8(edit(new TextDecoder().decode(cpu.eventLog))) })

describe('each lie is found by its own check', () => {
  test.each<[string, Bend, string[]]>([
    ['made for a peer', { claims: { purpose: 'peer-initiator' } }, ['purpose']],
    ['quoted for a peer, shown as a session', { quotedFor: 'peer-responder' }, ['report_data']],
    ['another nonce', { claims: { nonce: fill(9) } }, ['nonce']],
    ['another connection', { claims: { exporter: fill(9) } }, ['exporter']],
    ['another TLS key', { claims: { tlsSpki: fill(9) } }, ['tls_spki']],
    ['another manifest shown', { manifest: other }, ['manifest']],
    [
      'another image claimed than started',
      { claims: { imageH: imageH(other) }, manifest: other, started: honest.imageH },
      ['mr_config_id', 'event_log'],
    ],
    ['another image, honestly', { claims: { imageH: imageH(other) }, manifest: other }, ['image_h']],
    ['no event log', { cpu: withoutLog }, ['event_log']],
    ['an event log that lost an event', { cpu: bendLog((log) => log.replace(/,\{[^}]*\}\]$/, ']')) }, ['event_log']],
    ['an event log of another name', { cpu: bendLog((log) => log.replace('"ready"', '"red"')) }, ['event_log']],
    ['an event log that is none', { cpu: bendLog(() => '{}') }, ['event_log']],
    ['a second image measured later', { extend: [[3, 'image', imageH(other)]] }, ['event_log']],
    ['a second start', { extend: [[3, 'ready', new Uint8Array()]] }, ['event_log']],
    ['a kernel measured later', { extend: [[2, 'kernel', fill(1)]] }, ['boot_image']],
    ['claims of tomorrow', { claims: { iat: now.getTime() + 3_600_000 } }, ['age']],
    ['claims of an hour ago', { claims: { iat: now.getTime() - 3_600_000 } }, ['age']],
  ])('%s', async (_, bend, checks) => {
    const result = await judge(await mint(bend))
    expect(result.ok).toBe(false)
    expect(result.claims).toBeUndefined()
    expect(failures(result.checks)).toEqual(checks)
  })

  test('a key swapped after quoting', async () => {
    const forged = encodeClaims({ ...honest, sessionKey: fill(9) })
    const result = await judge(
      await mint({ json: (json) => ({ ...json, claims: Buffer.from(forged).toString('base64url') }) }),
    )
    expect(failures(result.checks)).toEqual(['report_data'])
  })

  test('a key beside the claims', async () => {
    const result = await judge(await mint({ json: (json) => ({ ...json, sessionKey: 'CQkJ' }) }))
    expect(failures(result.checks)).toEqual(['evidence_format'])
    expect(result.checks.filter(({ status }) => status === 'pass')).toEqual([])
  })
})

describe('the model', () => {
  const loaded = toHex(honest.modelH!)
  const accepting = (models: unknown): Uint8Array =>
    utf8(JSON.stringify({ ...JSON.parse(new TextDecoder().decode(manifest())), models }))
  const status = async (bend: Bend, modelH?: string[]): Promise<string | undefined> => {
    const image = bend.manifest && imageH(bend.manifest)
    const evidence = await mint({ ...bend, claims: { ...bend.claims, ...(image && { imageH: image }) } })
    const policy = { ...(modelH && { modelH }), imageH: 'any' as const }
    return (await judge(evidence, policy)).checks.find(({ name }) => name === 'model_h')?.status
  }

  test('is one the policy lists', async () => expect(await status({}, [loaded])).toBe('pass'))
  test('is not', async () => expect(await status({}, [toHex(fill(9))])).toBe('fail'))
  test('is not looked at where the policy lists none', async () => expect(await status({})).toBe('skipped'))
  test('may not be missing where the policy lists some', async () => {
    const { modelH: _, ...rest } = honest
    const evidence = await mint({
      json: (json) => ({ ...json, claims: Buffer.from(encodeClaims(rest)).toString('base64url') }),
    })
    expect(failures((await judge(evidence, { modelH: [loaded] })).checks)).toContain('model_h')
  })
  test('is one the manifest lets be loaded', async () =>
    expect(await status({ manifest: accepting([loaded]) })).toBe('skipped'))
  test('is one the manifest does not', async () =>
    expect(await status({ manifest: accepting([toHex(fill(9))]) })).toBe('fail'))
})

describe('a policy that asks for a connection', () => {
  test.each(['session-signed', 'session-quoted'] as const)('is not satisfied without one: %s', async (binding) => {
    const result = await judge(await mint(), { binding, expect: { purpose: 'session' } })
    expect(failures(result.checks)).toEqual(['nonce', 'exporter', 'tls_spki'])
  })
  test('shows what it skipped where it asks for none', async () => {
    const result = await judge(await mint(), { binding: 'key', expect: { purpose: 'session' } })
    expect(result.ok).toBe(true)
    expect(result.checks.filter(({ status }) => status === 'skipped').map(({ name }) => name)).toEqual(
      expect.arrayContaining(['nonce', 'exporter', 'tls_spki', 'session_signature']),
    )
  })
  test('does not take a signature for a quote', async () => {
    const result = await judge(await mint(), { expect: { ...expected, signature: new Uint8Array(64) } })
    expect(failures(result.checks)).toEqual(['session_signature'])
  })
})

test('simulated evidence is refused by a production policy, whatever roots it is given', async () => {
  const simulated = (await simulator()).roots
  const policy = { ...(await policyFor({ binding: 'session-quoted' })), environment: 'production' as const }
  for (const roots of [simulated, undefined]) {
    const result = await verifyEvidence({
      evidence: await mint(),
      policy,
      now,
      expect: expected,
      ...(roots && { roots }),
    })
    expect(result.ok).toBe(false)
    expect(failures(result.checks)).toContain(roots ? 'environment' : 'root_pinned')
  }
})

test('no change of one character changes what is believed, and none makes the verifier throw', async () => {
  const evidence = JSON.stringify(await mint())
  /** All that is believed, without what only leads there. */
  const meaning = (text: string) => {
    const { claims, manifest: image, cpu } = parseEvidence(text)
    if (cpu.tee !== 'tdx') throw new Error('not TDX')
    // names and payloads of what firmware measured are decoration: they are not recomputed, and nothing reads them
    const log = parseEventLog(cpu.eventLog!).map((entry) => (entry.imr === 3 ? entry : [entry.imr, entry.digest]))
    return { claims, image, quote: cpu.quote, log }
  }
  const genuine = meaning(evidence)
  let refused = 0
  await fc.assert(
    fc.asyncProperty(fc.nat(evidence.length - 1), fc.constantFrom('0', 'A', '"', '{', ' '), async (at, character) => {
      const bent = evidence.slice(0, at) + character + evidence.slice(at + 1)
      const { ok } = await judge(bent)
      if (ok) expect(meaning(bent)).toEqual(genuine)
      else refused++
    }),
    { numRuns: 60 },
  )
  expect(refused).toBeGreaterThan(30)
})
