// Simulated evidence never passes for production, however it is dressed up, whatever the policy tolerates, and whatever
// roots the victim was talked into.
import { equalBytes, toHex, utf8 } from '@dcml/protocol'
import { attacks, controls, createSimulator, gpuControls, snpControls } from '@dcml/tee-simulator'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type EvidenceJson,
  imageH,
  type Policy,
  type PolicyInput,
  parsePolicy,
  platform,
  type Root,
  type TdxEvidence,
  type TeeBackend,
  verifyEvidence,
  verifyGpuEvidence,
  verifySnpReport,
  verifyTdxQuote,
} from '../src/index.ts'
import { Quoter } from '../src/node/quoter.ts'
import { pinnedRoots } from '../src/roots/trust.ts'
import { policyInput } from './arbitrary.ts'
import { failures } from './world.ts'

const now = new Date('2026-11-21T12:00:00Z')
const simulator = await createSimulator({ now })
const manifest = utf8(
  JSON.stringify({ v: 1, name: 'chat', image: `sha256:${'ab'.repeat(32)}`, command: [], env: {}, models: 'any' }),
)

/** Tolerates whatever a policy can. */
const any = { bootloader: 0, tee: 0, snp: 0, microcode: 0 }
const lax: PolicyInput = {
  tee: ['tdx', 'snp'],
  imageH: 'any',
  images: 'any',
  tcb: {
    accept: ['UpToDate', 'SWHardeningNeeded', 'ConfigurationNeeded', 'OutOfDate'],
    minEvaluationNumber: 0,
    graceDays: 9999,
  },
  td: { debug: true, migratable: true, perfmon: true, serviceTd: true },
  snp: { debug: true, migrate: true, vmpl: 3, vlek: true, minTcb: { Milan: any, Genoa: any, Turin: any }, crl: false },
  binding: 'key',
}
const laxGpus: PolicyInput['gpu'] = { boundToCpu: false, revocation: 'off' }
const roots: Record<string, readonly Root[] | undefined> = {
  'no roots given': undefined,
  'the development roots as DER': simulator.roots,
  'the development roots as PEM': [simulator.rootPem],
  'the development roots beside the pinned one': [...pinnedRoots(), ...simulator.roots],
}
/** What gives simulated evidence away, alone and always. */
const GIVEN_AWAY = /^(snp_|gpu_)?(environment|(rim_)?root_pinned)$/

describe('nothing that the simulator mints passes', () => {
  test.each(Object.keys(roots))('%s: quotes', async (given) => {
    const trusted = roots[given]
    for (const { mint } of controls) {
      const { quote, collateral } = mint(simulator)
      // what the input claims about itself is no input to the verdict
      const dressed = { ...collateral, ...({ environment: 'production', roots: [simulator.rootPem] } as object) }
      for (const policy of [platform, parsePolicy(lax)]) {
        const options = { quote, collateral: dressed, now, policy, ...(trusted && { roots: trusted }) }
        const verification = await verifyTdxQuote(options)
        expect(verification.ok).toBe(false)
        expect(failures(verification.checks)[0]).toBe(trusted ? 'environment' : 'root_pinned')
      }
    }
  })

  test.each(Object.keys(roots))('%s: GPUs', async (given) => {
    const trusted = roots[given]
    for (const { mint } of gpuControls) {
      const { devices, nonce } = mint(simulator)
      const verification = await verifyGpuEvidence({
        devices,
        nonce,
        now,
        policy: parsePolicy({ ...lax, gpu: laxGpus }),
        ...(trusted && { roots: { device: trusted, rim: trusted } }),
      })
      expect(verification.ok).toBe(false)
      expect(failures(verification.checks)[0]).toMatch(GIVEN_AWAY)
    }
  })

  test.each(Object.keys(roots))('%s: SEV-SNP reports', async (given) => {
    const trusted = roots[given]
    for (const { mint } of snpControls) {
      const { evidence } = mint(simulator)
      const options = { ...evidence, now, policy: parsePolicy(lax), ...(trusted && { roots: trusted }) }
      const verification = await verifySnpReport(options)
      expect(verification.ok).toBe(false)
      expect(failures(verification.checks)[0]).toMatch(GIVEN_AWAY)
    }
  })

  test('a root stripped of its mark does not hide the marks below it', async () => {
    const stripped = attacks.find(({ name }) => name === 'root without the DEVELOPMENT marker')!.mint(simulator)
    expect(equalBytes(stripped.roots![0]!, simulator.rootDer)).toBe(false)
    const verification = await verifyTdxQuote({ ...stripped, roots: stripped.roots!, now, policy: platform })
    expect(verification.checks.find(({ name }) => name === 'environment')).toMatchObject({
      status: 'fail',
      why: expect.stringContaining('DEVELOPMENT'),
    })
  })
})

const claimed = imageH(manifest)
const machines = [
  { tee: 'tdx' },
  { tee: 'tdx', gpus: 2 },
  { tee: 'tdx', teeTcbSvn2: new Uint8Array(16).fill(9) },
  { tee: 'snp' },
  { tee: 'snp', gpus: 1 },
] as const
/** Evidence of every kind of machine, complete and bound, as an enclave there gives it. */
const pool: readonly EvidenceJson[] = await Promise.all(
  machines.map((machine) => {
    const fill = (byte: number): Uint8Array => new Uint8Array(32).fill(byte)
    const keys = { nonce: fill(1), tlsSpki: fill(2), hpkeKey: fill(3), sessionKey: fill(4), boot: fill(5) }
    const quoter = new Quoter(simulator.createTee({ imageH: claimed, ...machine }), manifest)
    return quoter.quote(() => ({ purpose: 'session', ...keys, imageH: claimed, iat: now.getTime() }))
  }),
)

const judge = (evidence: unknown, policy: Policy, trusted?: readonly Root[]) =>
  verifyEvidence({ evidence, policy, now, expect: { purpose: 'session' }, ...(trusted && { roots: trusted }) })

type Node = Record<string, unknown>
const isObject = (node: unknown): node is Node => typeof node === 'object' && node !== null
/** Every place in evidence: the object that holds a member, and the member's name. */
const places = (node: unknown): [holder: Node, name: string][] =>
  isObject(node)
    ? Object.entries(node).flatMap(([name, value]) => [[node, name] as [Node, string], ...places(value)])
    : []

/** One change of evidence, at a place that a number picks. */
type Bend = (evidence: Node, pick: number, other: unknown) => void
const at = (evidence: Node, pick: number): [Node, string] => {
  const all = places(evidence)
  return all[pick % all.length]!
}
const set = (value: fc.Arbitrary<unknown>): fc.Arbitrary<Bend> =>
  value.map((it) => (evidence, pick) => {
    const [holder, name] = at(evidence, pick)
    holder[name] = structuredClone(it)
  })
const bend: fc.Arbitrary<Bend> = fc.oneof(
  set(fc.jsonValue({ maxDepth: 2 })),
  // the same member of another machine
  fc.constantFrom('claims', 'cpu', 'gpu', 'manifest').map((part) => (evidence: Node, _: number, other: unknown) => {
    evidence[part] = structuredClone((other as Node)[part])
  }),
  // another member of another machine
  fc.nat().map((from) => (evidence: Node, pick: number, other: unknown) => {
    const [holder, name] = at(evidence, pick)
    const [foreign, its] = at(other as Node, from)
    holder[name] = structuredClone(foreign[its])
  }),
  fc
    .tuple(fc.constantFrom('environment', 'label', 'roots', 'ok', 'policy', 'gpu', 'tee', '__proto__'), fc.jsonValue())
    .map(([name, value]) => (evidence: Node, pick: number) => {
      const holders = [evidence, ...places(evidence).map(([holder, key]) => holder[key])].filter(isObject)
      const member = { value: structuredClone(value), enumerable: true, configurable: true, writable: true }
      Object.defineProperty(holders[pick % holders.length]!, name, member)
    }),
  fc.constant<Bend>((evidence, pick) => {
    const [holder, name] = at(evidence, pick)
    delete holder[name]
  }),
  // one character of a text
  fc.constant<Bend>((evidence, pick) => {
    const texts = places(evidence).filter(([holder, name]) => typeof holder[name] === 'string' && holder[name] !== '')
    const [holder, name] = texts[pick % texts.length]!
    const text = holder[name] as string
    const i = pick % text.length
    holder[name] = `${text.slice(0, i)}${text[i] === 'A' ? 'B' : 'A'}${text.slice(i + 1)}`
  }),
)

describe('evidence, bent in any way', () => {
  test('is what development accepts before it is bent', async () => {
    for (const evidence of pool) {
      const gpu = evidence.gpu.length > 0 && { gpu: { count: evidence.gpu.length } }
      const result = await judge(evidence, parsePolicy({ ...lax, ...gpu, environment: 'development' }), simulator.roots)
      expect(failures(result.checks)).toEqual([])
      expect(result.label).toBe('DEVELOPMENT')
    }
  })

  test('is given away by its roots alone where the policy tolerates all else', async () => {
    for (const evidence of pool)
      for (const trusted of Object.values(roots)) {
        const gpu = evidence.gpu.length > 0 && { gpu: laxGpus }
        const { ok, checks } = await judge(evidence, parsePolicy({ ...lax, ...gpu }), trusted)
        expect(ok).toBe(false)
        expect(failures(checks).filter((name) => !GIVEN_AWAY.test(name))).toEqual([])
      }
  })

  test('passes no production policy', async () => {
    const wide = fc.constantFrom<PolicyInput>(lax, { ...lax, gpu: laxGpus })
    const narrowed = policyInput.map((input) => ({ ...lax, ...input, imageH: [toHex(claimed)] }))
    let read = 0
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          policy: fc
            .oneof(wide, narrowed, policyInput)
            .map((input) => parsePolicy({ ...input, environment: 'production' })),
          base: fc.nat(pool.length - 1),
          other: fc.nat(pool.length - 1),
          bends: fc.array(fc.tuple(bend, fc.nat()), { maxLength: 3 }),
          trusted: fc.constantFrom(...Object.keys(roots)),
          asText: fc.boolean(),
        }),
        async ({ policy, base, other, bends, trusted, asText }) => {
          const evidence = structuredClone(pool[base]!) as unknown as Node
          for (const [change, pick] of bends) change(evidence, pick, pool[other])
          const result = await judge(asText ? JSON.stringify(evidence) : evidence, policy, roots[trusted])
          expect(result.ok).toBe(false)
          expect(result.claims).toBeUndefined()
          expect(failures(result.checks).length).toBeGreaterThan(0)
          expect(result.environment).not.toBe('production')
          if (result.platform) read++
        },
      ),
      { numRuns: 250 },
    )
    // most of them are well-formed: it is not the format that stops them
    expect(read).toBeGreaterThan(80)
  })
})

test('a simulated TEE is a TEE backend that says what it is', async () => {
  const tee: TeeBackend<TdxEvidence> = simulator.createTee({ imageH: new Uint8Array(32) })
  expect(tee.environment).toBe('development')
  const { quote, collateral } = await tee.quote(new Uint8Array(64))
  expect(await verifyTdxQuote({ quote, collateral, now })).toMatchObject({ ok: false, environment: undefined })
})
