// Every check of `verifyEvidence` against evidence that only this check refuses.
import { describe, expect, test } from 'vitest'
import { verifyEvidence } from '../src/index.ts'
import { evidenceAttacks, evidenceControls } from './evidence-attacks.ts'
import { failures } from './world.ts'

describe('honest evidence of any form is accepted', () => {
  test.each(evidenceControls)('$name', async ({ mint }) => {
    const result = await verifyEvidence(await mint())
    expect(result.checks.filter(({ status }) => status === 'fail')).toEqual([])
    expect(result).toMatchObject({ ok: true, label: 'DEVELOPMENT' })
  })
})

describe('every attack is refused by its check alone', () => {
  test.each(evidenceAttacks)('$targets: $name', async ({ targets, also, mint }) => {
    const result = await verifyEvidence(await mint())
    expect(failures(result.checks).sort()).toEqual([targets, ...also].sort())
    expect(result).toMatchObject({ ok: false })
    expect(result.claims).toBeUndefined()
  })
})
