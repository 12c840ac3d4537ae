import { expect, test } from 'vitest'
import { type PolicyInput, parsePolicy } from '../policy/policy.ts'
import { pass } from './outcome.ts'
import { type Judgement, warningsOf } from './warnings.ts'

const day = 86_400_000
const named = { imageH: ['ab'.repeat(32)], images: [] }
const warned = (
  found: Partial<Omit<Judgement, 'policy' | 'checks'>> & { passed?: string[]; policy?: PolicyInput } = {},
): string[] => {
  const { passed = ['tls_spki', 'exporter'], policy, ...rest } = found
  return warningsOf({
    simulated: false,
    upToDate: true,
    debug: false,
    collateralAge: 0,
    tee: 'tdx',
    ...rest,
    policy: parsePolicy({ ...named, ...policy }),
    checks: passed.map((name) => pass(name, '')),
  }).map(({ code }) => code)
}

test.each<[string, Parameters<typeof warned>[0], string[]]>([
  ['nothing to warn of', {}, []],
  ['a simulated TEE', { simulated: true }, ['development']],
  ['roots of somebody else', { rootsGiven: true }, ['roots_given']],
  ['roots of a simulator', { rootsGiven: true, simulated: true }, ['development']],
  ['no connection compared', { passed: [] }, ['unbound']],
  ['the TLS key alone', { passed: ['tls_spki'] }, ['key_binding']],
  ['a session signature', { passed: ['tls_spki', 'session_signature'] }, []],
  ["a browser's key", { passed: ['client_key'] }, []],
  ['any manifest', { policy: { imageH: 'any' } }, ['any_workload']],
  ['any boot image', { policy: { images: 'any' } }, ['any_workload']],
  [
    'an accepted status that is not UpToDate',
    { passed: ['exporter', 'tcb_status'], upToDate: false },
    ['tcb_tolerated'],
  ],
  ['a status that was refused', { upToDate: false }, []],
  ['debugging', { debug: true }, ['debug_tolerated']],
  ['TCB info of a week ago', { collateralAge: 7 * day }, []],
  ['older TCB info', { collateralAge: 7 * day + 1 }, ['collateral_old']],
  ['no list of AMD asked for', { tee: 'snp', policy: { snp: { crl: false } } }, ['snp_revocation_off']],
  ['no list of AMD asked for, on TDX', { policy: { snp: { crl: false } } }, []],
  ['GPUs as they should be', { policy: { gpu: {} } }, []],
  [
    'GPUs that are tied to nothing, and may be revoked',
    { policy: { gpu: { boundToCpu: false, revocation: 'off' } } },
    ['gpu_not_bound', 'gpu_revocation_off'],
  ],
])('%s', (_, found, codes) => {
  expect(warned(found)).toEqual(codes)
})
