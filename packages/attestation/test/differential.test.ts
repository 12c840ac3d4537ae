// The same mutated quotes, collateral and certificates before this verifier and before two others: @phala/dcap-qvl 0.3.9 and
// OpenSSL. Every disagreement has to be one of those that are explained. DCML_DIFFERENTIAL sets how many cases run.
import { createSimulator, forge } from '@dcml/tee-simulator'
import { expect, test } from 'vitest'
import {
  disagreement,
  LAXER_THAN_OPENSSL,
  makeCertificate,
  STRICTER_THAN_OPENSSL,
} from './differential/certificates.ts'
import { makeCase } from './differential/evidence.ts'
import { OTHERWISE, STRICTER } from './differential/explained.ts'
import { Random } from './differential/random.ts'
import { agree, type Evidence, judge, type Verdicts } from './differential/verdicts.ts'

const CASES = Number(process.env.DCML_DIFFERENTIAL ?? 300)
const now = new Date('2026-11-21T12:00:00Z')
const simulator = await createSimulator({ now })
const honest = [
  forge(simulator),
  forge(simulator, {
    plan: ({ td }) => {
      td.mrServiceTd = new Uint8Array(48)
    },
  }),
]

/** The class of a disagreement, or undefined where nobody has explained it. */
function explain(verdicts: Verdicts, evidence: Evidence): string | undefined {
  const { ours, theirs } = verdicts
  if (!ours.ok && theirs.ok)
    return ours.failed.length > 0 && ours.failed.every((name) => name in STRICTER) ? ours.failed.join() : undefined
  return OTHERWISE.find(({ holds }) => holds(verdicts, evidence))?.name
}

test(
  'quotes and collateral: every disagreement with @phala/dcap-qvl is explained',
  async () => {
    const classes = new Map<string, number>()
    const count = (name: string) => classes.set(name, (classes.get(name) ?? 0) + 1)
    for (let seed = 0; seed < CASES; seed++) {
      const { mutation, roots, ...evidence } = makeCase(new Random(seed), simulator, honest)
      const asked = { ...evidence, root: roots?.[0] ?? simulator.rootDer, now }
      const verdicts = await judge(asked)
      if (agree(verdicts)) {
        count(verdicts.ours.ok ? 'both accept' : 'both refuse')
        continue
      }
      const name = explain(verdicts, asked)
      const { report, ...ours } = verdicts.ours
      expect(name, `seed ${seed}, ${mutation}: ${JSON.stringify({ ours, theirs: verdicts.theirs })}`).toBeDefined()
      count(name!)
    }
    // A comparison of refusals alone would show nothing.
    expect(classes.get('both accept')).toBeGreaterThan(CASES / 20)
    expect(classes.get('both refuse')).toBeGreaterThan(CASES / 4)
    if (process.env.DCML_DIFFERENTIAL) console.log(Object.fromEntries([...classes].sort(([, a], [, b]) => b - a)))
  },
  60_000 + CASES * 300,
)

test(
  'certificates: what we accept OpenSSL accepts, with the same contents, and the rest is explained',
  async () => {
    const classes = new Map<string, number>()
    for (let seed = 0; seed < CASES * 4; seed++) {
      const certificate = makeCertificate(new Random(seed ^ 0x5eed_0000), simulator)
      const { name, told } = await disagreement(certificate)
      const explained = { ...STRICTER_THAN_OPENSSL, ...LAXER_THAN_OPENSSL }
      expect(name === undefined || name in explained, `seed ${seed}, ${certificate.mutation}: ${told}`).toBe(true)
      classes.set(name ?? told, (classes.get(name ?? told) ?? 0) + 1)
    }
    expect(classes.get('both accept')).toBeGreaterThan(CASES / 20)
    expect(classes.get('both refuse')).toBeGreaterThan(CASES / 10)
    if (process.env.DCML_DIFFERENTIAL) console.log(Object.fromEntries([...classes].sort(([, a], [, b]) => b - a)))
  },
  60_000 + CASES * 100,
)
