import { DcmlError } from '@dcml/protocol'
import { isTdxImage, type Policy, parsePolicy, waivedRegisters } from './policy.ts'

const strictest = parsePolicy({})

/**
 * The policy under which a model key may leave, whoever passes it on (paper §4, `set_sk` and `request_sk`). It keeps
 * every restriction of `policy` and takes away every tolerance: the platform is UpToDate now, by an evaluation set that
 * this release accepts, or has the least TCB that `snp.minTcb` names for its processor family; the TD or guest has no
 * attribute that weakens it; GPUs, where they are asked for, are bound to the CPU and shown unrevoked; and the quote is
 * of the very connection. Identities stay as they are, but in production they have to be named.
 * @throws DcmlError `key_policy_too_wide` where a production policy takes any image manifest or boot image, waives one of
 * its registers, or takes any TCB of a processor family; `policy_invalid` where it has the wrong form
 */
export function strictKeyPolicy(policy: Policy): Policy {
  const { tcb, snp, gpu, ...rest } = parsePolicy(policy)
  refuseWide({ ...rest, snp })
  return {
    ...rest,
    tcb: {
      ...tcb,
      accept: tcb.accept.filter((status) => status === 'UpToDate'),
      minEvaluationNumber: Math.max(tcb.minEvaluationNumber, strictest.tcb.minEvaluationNumber),
      graceDays: 0,
    },
    td: strictest.td,
    // where threads of a core are never shared, that is a restriction
    snp: { ...strictest.snp, minTcb: snp.minTcb, smt: snp.smt },
    ...(gpu && {
      gpu: {
        ...gpu,
        revocation: 'required',
        maxOcspAgeHours: Math.min(gpu.maxOcspAgeHours, MAX_OCSP_AGE_HOURS),
        boundToCpu: true,
      },
    }),
    binding: 'session-quoted',
  }
}

/** NVIDIA's OCSP responses are in force for that long. */
const MAX_OCSP_AGE_HOURS = 24

function refuseWide({ environment, imageH, images, snp, tee }: Omit<Policy, 'tcb' | 'gpu'>): void {
  if (environment !== 'production') return
  if (imageH === 'any') throw tooWide('imageH', 'any image manifest')
  if (images === 'any') throw tooWide('images', 'any boot image')
  for (const image of images.filter(isTdxImage)) {
    const [register] = waivedRegisters(image)
    if (register !== undefined) throw tooWide('images', `any ${register} in the boot image ${image.label}`)
  }
  if (!tee.includes('snp')) return
  for (const [product, { fmc: _, ...least }] of Object.entries(snp.minTcb))
    if (Object.values(least).every((svn) => svn === 0)) throw tooWide('snp.minTcb', `any TCB of ${product}`)
}

// a key for whatever runs there is a key given away, however that came into the policy
const tooWide = (field: string, what: string): DcmlError =>
  new DcmlError('key_policy_too_wide', `The policy would give the key to ${what}.`, {
    hint: 'Name the image manifests (imageH), the boot images (mrtd, rtmr1 and rtmr2, or snpMeasurement) and, for SEV-SNP, the least TCB of each processor family that may have the key.',
    details: { field },
  })
