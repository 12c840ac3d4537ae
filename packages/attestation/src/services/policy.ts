import { type Policy, parsePolicy } from '../policy/policy.ts'

/**
 * For evidence of a service of which nothing is known beforehand: genuine hardware in good standing, whatever runs on it.
 * AMD publishes no list of statuses: of Genoa it demands the patch levels that Tinfoil's own verifier demands, of Milan and
 * Turin none, which {@link judge} says. GPUs have to be genuine where there are any; services send no proof that they are not revoked.
 * To change a field, spread it: `{ ...servicePolicy, environment: 'development' }`.
 */
export const servicePolicy: Policy = /* @__PURE__ */ parsePolicy({
  tee: ['tdx', 'snp'],
  imageH: 'any',
  images: 'any',
  tcb: { minEvaluationNumber: 17 },
  snp: {
    crl: false,
    minTcb: {
      Milan: { bootloader: 0, tee: 0, snp: 0, microcode: 0 },
      Genoa: { bootloader: 7, tee: 0, snp: 14, microcode: 72 },
      Turin: { fmc: 0, bootloader: 0, tee: 0, snp: 0, microcode: 0 },
    },
  },
  gpu: { boundToCpu: false, revocation: 'off' },
  binding: 'key',
})

/**
 * What a policy asks of a machine that shows no GPUs: {@link servicePolicy} judges those that are there and asks for none,
 * any other policy means what it says.
 */
export function withoutGpus(policy: Policy): Policy {
  const { gpu, ...rest } = policy
  return gpu === servicePolicy.gpu ? rest : policy
}
