import { DcmlError } from '@dcml/protocol'
import { isTdxImage, type Policy, parsePolicy, waivedRegisters } from './policy.ts'

const strictest = parsePolicy({})

/**
 * The policy under which a model key may leave, whoever passes it on (paper §4, `set_sk` and `request_sk`). It keeps
 * every restriction of `policy` and takes away every tolerance: the platform is UpToDate now, by an evaluation set that
 * this release accepts, the TD has no attribute that weakens it, and the quote is of the very connection. Identities
 * stay as they are, but in production they have to be named.
 * @throws DcmlError `key_policy_too_wide` where a production policy takes any image manifest or boot image, or waives one
 * of its registers; `policy_invalid` where it has the wrong form
 */
export function strictKeyPolicy(policy: Policy): Policy {
  const { tcb, ...rest } = parsePolicy(policy)
  refuseWide(rest)
  return {
    ...rest,
    tcb: {
      ...tcb,
      accept: tcb.accept.filter((status) => status === 'UpToDate'),
      minEvaluationNumber: Math.max(tcb.minEvaluationNumber, strictest.tcb.minEvaluationNumber),
      graceDays: 0,
    },
    td: strictest.td,
    snp: { ...strictest.snp, minTcb: rest.snp.minTcb },
    binding: 'session-quoted',
  }
}

function refuseWide({ environment, imageH, images }: Pick<Policy, 'environment' | 'imageH' | 'images'>): void {
  if (environment !== 'production') return
  if (imageH === 'any') throw tooWide('imageH', 'any image manifest')
  if (images === 'any') throw tooWide('images', 'any boot image')
  for (const image of images.filter(isTdxImage)) {
    const [register] = waivedRegisters(image)
    if (register !== undefined) throw tooWide('images', `any ${register} in the boot image ${image.label}`)
  }
}

// a key for whatever runs there is a key given away, however that came into the policy
const tooWide = (field: string, what: string): DcmlError =>
  new DcmlError('key_policy_too_wide', `The policy would give the key to ${what}.`, {
    hint: 'Name the image manifests (imageH) and, with mrtd, rtmr1 and rtmr2, the boot images that may have the key.',
    details: { field },
  })
