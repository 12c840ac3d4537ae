// Every check of the verifier against evidence that only this check refuses (design: attack catalogue of the simulator).
import { type Attack, attacks, controls, createSimulator, type Forged } from '@dcml/tee-simulator'
import { QuoteVerifier } from '@phala/dcap-qvl'
import { describe, expect, test } from 'vitest'
import { development, TDX_CHECKS, type TdxVerification, verifyTdxQuote } from '../src/index.ts'
import { AttackTable, refusedBy } from './attack-table.ts'

const now = new Date('2026-11-21T12:00:00Z')
const simulator = await createSimulator({ now })

function judge({ quote, collateral, roots, policy = {} }: Forged): Promise<TdxVerification> {
  const { tcb, ...lists } = structuredClone(policy) as Parameters<typeof development>[0] & object
  return verifyTdxQuote({
    quote,
    collateral,
    roots: roots ?? [simulator.rootDer],
    now,
    policy: development({ ...lists, ...(tcb && { tcb }) }),
  })
}

const named = (verification: TdxVerification, status: string): string[] =>
  verification.checks.filter((check) => check.status === status).map(({ name }) => name)

const oracle = '@phala/dcap-qvl 0.3.9'
const table = new AttackTable('tdx')
const refused = table.part(['attack', 'refused by check', oracle], attacks)
const accepted = table.part(['honest evidence', 'here', oracle], controls)

/** It knows no policy: other statuses than UpToDate are for its caller to refuse, and so is what only a policy can. */
function otherVerdict({ quote, collateral, roots, policy }: Forged): string {
  if (policy) return 'no policy'
  const verifier = QuoteVerifier.newWithRootCa(Buffer.from(roots?.[0] ?? simulator.rootDer))
  try {
    return `accepted: ${verifier.verify(Buffer.from(quote), collateral, Math.floor(now.getTime() / 1000)).status}`
  } catch {
    return 'refused'
  }
}

describe('honest evidence of any form is accepted', () => {
  test.each(controls)('$name', async (control) => {
    const forged = control.mint(simulator)
    const verification = await judge(forged)
    expect(named(verification, 'fail')).toEqual([])
    // a TD 1.0 report cannot show service TDs, and that is never shown as success
    const { mrServiceTd } = verification.report!
    expect(named(verification, mrServiceTd ? 'pass' : 'skipped')).toContain('td_service_td')
    expect(verification).toMatchObject({ ok: true, tcb: { status: 'UpToDate' }, environment: 'development' })
    accepted(control.name, 'accepted: UpToDate', otherVerdict(forged))
  })
})

describe('every attack is refused by its check alone', () => {
  test.each(attacks)('$targets: $name', async (attack) => {
    const forged = attack.mint(simulator)
    const verification = await judge(forged)
    expect(named(verification, 'fail').sort()).toEqual([attack.targets, ...attack.also].sort())
    expect(verification.ok).toBe(false)
    refused(attack.name, refusedBy(attack, verification.checks), otherVerdict(forged))
  })
})

test('names are unique', () => {
  expect(new Set([...attacks, ...controls].map(({ name }) => name)).size).toBe(attacks.length + controls.length)
})

test('every check has an attack that nothing else refuses', () => {
  const alone = ({ also }: Attack): boolean => also.length === 0
  const covered = new Set(attacks.filter(alone).map(({ targets }) => targets))
  expect(Object.keys(TDX_CHECKS).filter((name) => !covered.has(name))).toEqual([])
})

table.close()
