// The same evidence before this verifier and before @phala/dcap-qvl, with a policy that leaves every status to the caller, as
// dcap-qvl does.
import { QuoteVerifier } from '@phala/dcap-qvl'
import { development } from '../../src/policy/presets.ts'
import { TCB_STATUSES, type TcbStatus } from '../../src/tdx/tcb-status.ts'
import { type TdxVerification, verifyTdxQuote } from '../../src/tdx/verify.ts'
import type { TdxCollateral } from '../../src/tee.ts'

export interface Evidence {
  readonly quote: Uint8Array
  readonly collateral: TdxCollateral
  readonly root: Uint8Array
  readonly now: Date
}

export interface Verdicts {
  readonly ours: {
    readonly ok: boolean
    readonly status: TcbStatus | 'Unknown'
    readonly advisories: readonly string[]
    readonly failed: readonly string[]
    readonly report: TdxVerification['report']
  }
  readonly theirs: {
    readonly ok: boolean
    readonly status: string
    readonly advisories: readonly string[]
    readonly why: string
  }
}

const policy = development({
  tcb: {
    accept: TCB_STATUSES.filter((status) => status !== 'Revoked'),
    allowedAdvisories: ['INTEL-SA-00001', 'INTEL-SA-00002', 'INTEL-SA-00003'],
    minEvaluationNumber: 0,
  },
  td: { migratable: true, perfmon: true },
})

export async function judge({ quote, collateral, root, now }: Evidence): Promise<Verdicts> {
  const { ok, tcb, checks, report } = await verifyTdxQuote({ quote, collateral, roots: [root], now, policy })
  const failed = checks.filter(({ status }) => status === 'fail').map(({ name }) => name)
  return { ours: { ok, ...tcb, failed, report }, theirs: judgeElsewhere({ quote, collateral, root, now }) }
}

function judgeElsewhere({ quote, collateral, root, now }: Evidence): Verdicts['theirs'] {
  try {
    const verifier = QuoteVerifier.newWithRootCa(Buffer.from(root))
    const { status, advisory_ids } = verifier.verify(Buffer.from(quote), collateral, Math.floor(now.getTime() / 1000))
    return { ok: true, status, advisories: [...new Set<string>(advisory_ids)].sort(), why: '' }
  } catch (error) {
    return { ok: false, status: 'Unknown', advisories: [], why: (error as Error).message }
  }
}

export const agree = ({ ours, theirs }: Verdicts): boolean =>
  ours.ok === theirs.ok &&
  (!ours.ok || (ours.status === theirs.status && ours.advisories.join() === theirs.advisories.join()))
