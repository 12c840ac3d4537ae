// Every check of `verifyEvidence` against evidence that only this check refuses.
import { describe, expect, test } from 'vitest'

import { CLAIMS_CHECKS, FORMAT_CHECKS, verifyEvidence } from '../src/index.ts'
import { AttackTable, refusedBy } from './attack-table.ts'
import { evidenceAttacks, evidenceControls } from './evidence-attacks.ts'
import { failures } from './world.ts'

const table = new AttackTable('evidence')
const refused = table.part(['attack', 'refused by check'], evidenceAttacks)
const accepted = table.part(['honest evidence', 'here'], evidenceControls)

describe('honest evidence of any form is accepted', () => {
  test.each(evidenceControls)('$name', async ({ name, mint }) => {
    const result = await verifyEvidence(await mint())
    expect(result.checks.filter(({ status }) => status === 'fail')).toEqual([])
    expect(result).toMatchObject({ ok: true, label: 'DEVELOPMENT' })
    accepted(name, 'accepted')
  })
})

describe('every attack is refused by its check alone', () => {
  test.each(evidenceAttacks)('$targets: $name', async (attack) => {
    const { targets, also, mint } = attack
    const result = await verifyEvidence(await mint())
    expect(failures(result.checks).sort()).toEqual([targets, ...also].sort())
    expect(result).toMatchObject({ ok: false })
    expect(result.claims).toBeUndefined()
    refused(attack.name, refusedBy(attack, result.checks))
  })
})

test('every check has an attack that nothing else refuses', () => {
  const covered = new Set(evidenceAttacks.filter(({ also }) => also.length === 0).map(({ targets }) => targets))
  const names = Object.keys({ ...FORMAT_CHECKS, ...CLAIMS_CHECKS })
  expect(names.filter((name) => !covered.has(name))).toEqual([])
})

test('names are unique', () => {
  const names = [...evidenceAttacks, ...evidenceControls].map(({ name }) => name)
  expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([])
})

table.close()
