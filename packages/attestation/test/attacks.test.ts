// Every check of the verifier against evidence that only this check refuses (design: attack catalogue of the simulator).
import { type Attack, attacks, controls, createSimulator, type Forged } from '@dcml/tee-simulator'
import { describe, expect, test } from 'vitest'
import { development, TDX_CHECKS, type TdxVerification, verifyTdxQuote } from '../src/index.ts'

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

describe('honest evidence of any form is accepted', () => {
  test.each(controls)('$name', async (control) => {
    const verification = await judge(control.mint(simulator))
    expect(named(verification, 'fail')).toEqual([])
    // a TD 1.0 report cannot show service TDs, and that is never shown as success
    const { mrServiceTd } = verification.report!
    expect(named(verification, mrServiceTd ? 'pass' : 'skipped')).toContain('td_service_td')
    expect(verification).toMatchObject({ ok: true, tcb: { status: 'UpToDate' }, environment: 'development' })
  })
})

describe('every attack is refused by its check alone', () => {
  test.each(attacks)('$targets: $name', async (attack) => {
    const verification = await judge(attack.mint(simulator))
    expect(named(verification, 'fail').sort()).toEqual([attack.targets, ...attack.also].sort())
    expect(verification.ok).toBe(false)
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
