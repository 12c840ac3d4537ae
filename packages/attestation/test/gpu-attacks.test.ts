// Every check of GPUs against evidence that only this check refuses (the simulator's catalogue of attacks).
import { createSimulator, type ForgedGpus, type GpuAttack, gpuAttacks, gpuControls } from '@dcml/tee-simulator'
import { describe, expect, test } from 'vitest'
import { development, GPU_CHECKS, type GpuVerification, parsePolicy, verifyGpuEvidence } from '../src/index.ts'
import { AttackTable, refusedBy } from './attack-table.ts'

const now = new Date('2026-11-21T12:00:00Z')
const simulator = await createSimulator({ now })

const judge = ({ devices, nonce, roots, policy = {} }: ForgedGpus): Promise<GpuVerification> =>
  verifyGpuEvidence({ devices, nonce, roots, now, policy: development({ gpu: structuredClone(policy) as object }) })

const table = new AttackTable('gpu')
const refused = table.part(['attack', 'refused by check'], gpuAttacks)
const accepted = table.part(['honest evidence', 'here'], gpuControls)

const failed = ({ checks }: GpuVerification): string[] =>
  checks.filter(({ status }) => status === 'fail').map(({ name }) => name)

describe('honest evidence of any form is accepted', () => {
  test.each(gpuControls)('$name', async (control) => {
    const verification = await judge(control.mint(simulator))
    expect(verification.checks.filter(({ status }) => status === 'fail')).toEqual([])
    expect(verification).toMatchObject({ ok: true, environment: 'development' })
    accepted(control.name, 'accepted')
  })
})

describe('every attack is refused by its check alone', () => {
  test.each(gpuAttacks)('$targets: $name', async (attack) => {
    const verification = await judge(attack.mint(simulator))
    expect(failed(verification).sort()).toEqual([attack.targets, ...attack.also].sort())
    expect(verification.ok).toBe(false)
    refused(attack.name, refusedBy(attack, verification.checks))
  })
})

describe('no production policy accepts what the simulator mints, whatever roots are configured', () => {
  test.each(gpuControls)('$name', async (control) => {
    const { devices, nonce, roots, policy = {} } = control.mint(simulator)
    const demands = parsePolicy({ gpu: structuredClone(policy) })
    const [pinned, configured] = await Promise.all(
      [{}, roots].map((given) => verifyGpuEvidence({ devices, nonce, roots: given, now, policy: demands })),
    )
    expect([pinned!.ok, configured!.ok]).toEqual([false, false])
    expect(failed(pinned!)).toEqual(expect.arrayContaining(['gpu_root_pinned', 'gpu_rim_root_pinned']))
    expect(failed(configured!)).toEqual(expect.arrayContaining(['gpu_environment']))
  })
})

test('names are unique', () => {
  const names = [...gpuAttacks, ...gpuControls].map(({ name }) => name)
  expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([])
})

test('every check has an attack that nothing else refuses', () => {
  const alone = ({ also }: GpuAttack): boolean => also.length === 0
  const covered = new Set(gpuAttacks.filter(alone).map(({ targets }) => targets))
  expect(Object.keys(GPU_CHECKS).filter((name) => !covered.has(name))).toEqual([])
})

table.close()
