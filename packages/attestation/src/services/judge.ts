import { warning } from '../evidence/warnings.ts'
import { judgeDstack } from './dstack/judge.ts'
import type { Judgement, JudgeOptions } from './judgement.ts'
import { judgeNear } from './near-ai/judge.ts'
import { judgeNearSignature } from './near-ai/judge-signature.ts'
import { judgeCpu, judgeDcml, judgeNvidia } from './plain.ts'
import type { Recognised } from './recognised.ts'
import { judgeTinfoil } from './tinfoil/judge.ts'

/**
 * Judges recognised evidence by the checks of our own verifiers and by those of its service. Pure: no I/O, no clock, no
 * randomness. What these services do not send along, such as Intel's collateral, leaves the verdict `incomplete` and is
 * named in `needs`: fetch it and judge again.
 * @throws DcmlError `evidence_malformed`, `claims_malformed` where evidence of DCML cannot be read
 */
export async function judge(recognised: Recognised, options: JudgeOptions): Promise<Judgement> {
  const judgement = await judgeByKind(recognised, options)
  const { environment, warnings } = judgement
  const isGiven = options.roots !== undefined && environment === 'production'
  if (!isGiven || warnings.some(({ code }) => code === 'roots_given')) return judgement
  return { ...judgement, warnings: [warning('roots_given'), ...warnings] }
}

function judgeByKind(recognised: Recognised, options: JudgeOptions): Promise<Judgement> {
  switch (recognised.kind) {
    case 'dcml-evidence':
    case 'dcml-attest-answer':
      return judgeDcml(recognised.evidence, options)
    case 'near-ai':
      return judgeNear(recognised.report, options)
    case 'near-ai-signature':
      return judgeNearSignature(recognised.signature, options)
    case 'dstack':
      return judgeDstack(recognised.evidence, options)
    case 'tinfoil':
      return judgeTinfoil(recognised.document, options)
    case 'nvidia-evidence':
      return judgeNvidia(recognised.evidence, options)
    case 'tdx-quote':
      return judgeCpu('tdx', recognised.quote, options)
    case 'snp-report':
      return judgeCpu('snp', recognised.report, options)
  }
}
