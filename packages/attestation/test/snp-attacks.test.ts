// Every check of SEV-SNP reports against evidence that only this check refuses.
import { createSimulator, type ForgedSnp, type SnpAttack, snpAttacks, snpControls } from '@dcml/tee-simulator'
import { describe, expect, test } from 'vitest'
import { development, SNP_CHECKS, type SnpVerification, verifySnpReport } from '../src/index.ts'
import { AttackTable, refusedBy } from './attack-table.ts'

const now = new Date('2026-11-21T12:00:00Z')
const simulator = await createSimulator({ now })

const judge = ({ evidence, roots, policy }: ForgedSnp): Promise<SnpVerification> =>
  verifySnpReport({
    ...evidence,
    roots,
    now,
    policy: development(structuredClone(policy) as Parameters<typeof development>[0]),
  })

const named = (verification: SnpVerification, status: string): string[] =>
  verification.checks.filter((check) => check.status === status).map(({ name }) => name)

const table = new AttackTable('snp')
const refused = table.part(['attack', 'refused by check'], snpAttacks)
const accepted = table.part(['honest evidence', 'here'], snpControls)

describe('honest evidence of any form is accepted', () => {
  test.each(snpControls)('$name', async (control) => {
    const verification = await judge(control.mint(simulator))
    expect(named(verification, 'fail')).toEqual([])
    expect(verification).toMatchObject({ ok: true, environment: 'development' })
    accepted(control.name, 'accepted')
  })
})

describe('every attack is refused by its check alone', () => {
  test.each(snpAttacks)('$targets: $name', async (attack) => {
    const verification = await judge(attack.mint(simulator))
    expect(named(verification, 'fail').sort()).toEqual([attack.targets, ...attack.also].sort())
    expect(verification.ok).toBe(false)
    refused(attack.name, refusedBy(attack, verification.checks))
  })
})

test('names are unique', () => {
  expect(new Set([...snpAttacks, ...snpControls].map(({ name }) => name)).size).toBe(
    snpAttacks.length + snpControls.length,
  )
})

test('every check has an attack that nothing else refuses', () => {
  const alone = ({ also }: SnpAttack): boolean => also.length === 0
  const covered = new Set(snpAttacks.filter(alone).map(({ targets }) => targets))
  expect(Object.keys(SNP_CHECKS).filter((name) => !covered.has(name))).toEqual([])
})

describe('what a masked chip and a VLEK cannot show is skipped, never passed', () => {
  test.each([
    ['masked chip id of a chip that its certificate shows to be on the list', 'masks the chip id'],
    ['VLEK, where the policy takes it', 'names no chip'],
  ])('%s', async (name, why) => {
    const { checks } = await judge(snpControls.find((control) => control.name === name)!.mint(simulator))
    expect(checks.find((check) => check.name === 'snp_chip_id')).toMatchObject({
      status: 'skipped',
      why: expect.stringContaining(why),
    })
  })

  test('a policy that does not ask for revocation sees it skipped', async () => {
    const control = snpControls.find(({ name }) => name.startsWith('no CRL'))!
    const skipped = named(await judge(control.mint(simulator)), 'skipped')
    expect(skipped).toEqual(expect.arrayContaining(['snp_crl_format', 'snp_crl_signature', 'snp_ask_not_revoked']))
  })
})

test('what the report says comes out as it went in', async () => {
  const forged = snpControls.find(({ name }) => name === 'report of version 5 of Turin')!.mint(simulator)
  const { product, signer, tcb, levels, chipId, report } = await judge(forged)
  const turin = { fmc: 1, bootloader: 3, tee: 2, snp: 5, microcode: 117 }
  expect({ product, signer, tcb }).toEqual({ product: 'Turin', signer: 'VCEK', tcb: turin })
  expect(levels).toEqual({ current: turin, reported: turin, committed: turin, launch: turin })
  expect(chipId).toEqual(report!.chipId)
  expect(report).toMatchObject({ version: 5, vmpl: 0, cpuid: { family: 0x1a, model: 2, stepping: 1 } })
})

table.close()
