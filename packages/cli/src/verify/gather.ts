import type { TdxCollateral } from '@dcml/attestation'
import { type Judgement, type JudgeOptions, judge, type Need, type Recognised } from '@dcml/attestation/services'
import { DcmlError } from '@dcml/protocol'
import { amdKds, collateralService, rimService } from '@dcml/runtime'
import type { Output } from '../output.ts'

/** Where what is missing may be fetched from. */
export interface Sources {
  readonly pccs?: string
  readonly kds?: string
  readonly rims?: string
}

/** What was fetched; everything in it is signed, and judged again with the evidence. */
type Gathered = Required<Pick<JudgeOptions, 'collateral' | 'snpCertificates' | 'rims'>>

/**
 * Judges, fetches what was missing where there are sources, and judges again. What cannot be had leaves the verdict incomplete, which is said in
 * passing.
 */
export async function judgeWithSources(
  recognised: Recognised,
  options: JudgeOptions,
  sources: Sources | undefined,
  { note }: Pick<Output, 'note'>,
): Promise<Judgement> {
  const first = await judge(recognised, options)
  if (first.needs.length === 0 || sources === undefined) return first
  const { collateral = [], snpCertificates = [], rims = {} } = options
  let gathered: Gathered = { collateral, snpCertificates, rims }
  for (const need of first.needs) {
    try {
      gathered = await gather(need, gathered, sources)
    } catch (error) {
      if (!DcmlError.isInstance(error)) throw error
      note(`${error.message} ${error.hint}`)
    }
  }
  return judge(recognised, { ...options, ...gathered })
}

async function gather(need: Need, gathered: Gathered, { pccs, kds, rims }: Sources): Promise<Gathered> {
  switch (need.kind) {
    case 'tdx-collateral': {
      const source = collateralService(at(pccs))
      const collateral: TdxCollateral = await source.ask(need.quote)
      return { ...gathered, collateral: [...gathered.collateral, collateral] }
    }
    case 'snp-certificates': {
      const { report, product, vek } = need
      const certificates = await amdKds(at(kds)).ask({ report, product, ...(vek && { vek }) })
      return { ...gathered, snpCertificates: [...gathered.snpCertificates, certificates] }
    }
    case 'gpu-rims': {
      const source = rimService(at(rims))
      const found = await Promise.all(need.ids.map(async (id) => [id, await source.ask(id)] as const))
      return { ...gathered, rims: { ...gathered.rims, ...Object.fromEntries(found) } }
    }
    case 'gpu-switches':
    case 'near-ai-report':
      return gathered
  }
}

const at = (url: string | undefined): { url?: string } => (url === undefined ? {} : { url: url.replace(/\/+$/, '') })
