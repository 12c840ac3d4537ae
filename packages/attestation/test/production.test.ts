// Simulated evidence never passes for production, however it is dressed up and whatever roots the victim was talked into.
import { equalBytes } from '@dcml/protocol'
import { attacks, controls, createSimulator } from '@dcml/tee-simulator'
import { expect, test } from 'vitest'
import {
  clientDefault,
  keyRelease,
  type Policy,
  platform,
  type TdxEvidence,
  type TeeBackend,
  verifyTdxQuote,
} from '../src/index.ts'
import { pinnedRoots, type Root } from '../src/roots/trust.ts'

const now = new Date('2026-11-21T12:00:00Z')
const simulator = await createSimulator({ now })
const minted = controls.map(({ mint }) => mint(simulator))
const anything = { imageH: 'any', images: 'any' } as const
const policies: Record<string, Policy> = {
  platform,
  clientDefault: clientDefault(anything),
  keyRelease: keyRelease({ imageH: [], images: [] }),
  'everything tolerated': clientDefault({
    ...anything,
    tcb: { accept: ['UpToDate', 'SWHardeningNeeded', 'OutOfDate'], minEvaluationNumber: 0, graceDays: 9999 },
    td: { debug: true, migratable: true, perfmon: true, serviceTd: true },
    binding: 'key',
  }),
}
const roots: Record<string, readonly Root[] | undefined> = {
  'no roots given': undefined,
  'the development root as DER': [simulator.rootDer],
  'the development root as PEM': [simulator.rootPem],
  'the development root beside the pinned one': [...pinnedRoots(), simulator.rootDer],
}

test.each(Object.keys(policies).flatMap((policy) => Object.keys(roots).map((given) => ({ policy, given }))))(
  'policy $policy, $given: nothing the simulator mints passes',
  async ({ policy, given }) => {
    for (const { quote, collateral } of minted) {
      const trusted = roots[given]
      const verification = await verifyTdxQuote({
        quote,
        // what the input claims about itself is no input to the verdict
        collateral: { ...collateral, ...({ environment: 'production', roots: [simulator.rootPem] } as object) },
        now,
        policy: policies[policy]!,
        ...(trusted && { roots: trusted }),
      })
      const refusal = verification.checks.find(({ status }) => status === 'fail')
      expect(verification.ok).toBe(false)
      expect(refusal?.name).toBe(trusted ? 'environment' : 'root_pinned')
    }
  },
)

test('a root stripped of its mark does not hide the marks below it', async () => {
  const stripped = attacks.find(({ name }) => name === 'root without the DEVELOPMENT marker')!.mint(simulator)
  expect(equalBytes(stripped.roots![0]!, simulator.rootDer)).toBe(false)
  const verification = await verifyTdxQuote({ ...stripped, roots: stripped.roots!, now, policy: platform })
  expect(verification.checks.find(({ name }) => name === 'environment')).toMatchObject({
    status: 'fail',
    why: expect.stringContaining('DEVELOPMENT'),
  })
})

test('a simulated TEE is a TEE backend that says what it is', async () => {
  const tee: TeeBackend<TdxEvidence> = simulator.createTee({ imageH: new Uint8Array(32) })
  expect(tee.environment).toBe('development')
  const { quote, collateral } = await tee.quote(new Uint8Array(64))
  expect(await verifyTdxQuote({ quote, collateral, now })).toMatchObject({ ok: false, environment: undefined })
})
