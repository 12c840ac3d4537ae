// Whole verifiers: whatever comes, a verdict comes back, and nothing is thrown.
import { verifyEvidence } from '../../../src/evidence/verify.ts'
import { development } from '../../../src/policy/presets.ts'
import { judge, recognise } from '../../../src/services.ts'
import { verifySnpReport } from '../../../src/snp/verify.ts'
import { verifyTdxQuote } from '../../../src/tdx/verify.ts'
import type { TdxCollateral } from '../../../src/tee.ts'
import { options } from '../../services-world.ts'
import type { Target } from '../target.ts'
import { answers } from './services.ts'
import { collateral, evidenceJson, jsonOf, nonce, now, parsed, platform, quotes, simulator } from './world.ts'

const { roots } = simulator
const policy = development({ gpu: { count: 1, nras: 'also' } })
const REPORT_BYTES = 1184

export const verdicts: readonly Target[] = [
  {
    name: 'verdict on a TDX quote',
    form: 'bytes',
    seeds: quotes,
    longest: 262_144,
    memory: 16,
    refusals: [],
    share: 0.02,
    parse: (quote) => verifyTdxQuote({ quote, collateral, roots, now, policy }),
  },
  {
    name: 'verdict on TDX collateral',
    form: 'json',
    seeds: [jsonOf(collateral)],
    longest: 4_194_304,
    memory: 256,
    refusals: ['Refusal'],
    share: 0.02,
    parse: (json) =>
      verifyTdxQuote({ quote: quotes[0]!, collateral: parsed(json) as TdxCollateral, roots, now, policy }),
  },
  {
    name: 'verdict on a SEV-SNP report and its certificate',
    form: 'bytes',
    seeds: [Uint8Array.from([...platform!.report, ...platform!.vek])],
    longest: 65_536,
    memory: 16,
    refusals: [],
    share: 0.02,
    parse: (bytes) =>
      verifySnpReport({
        ...platform!,
        report: bytes.subarray(0, REPORT_BYTES),
        vek: bytes.subarray(REPORT_BYTES),
        roots,
        now,
        policy,
      }),
  },
  {
    name: 'verdict on evidence',
    form: 'json',
    seeds: evidenceJson,
    longest: 4_194_304,
    memory: 256,
    refusals: [],
    share: 0.02,
    parse: (evidence) => verifyEvidence({ evidence, roots, now, policy, expect: { purpose: 'session', nonce } }),
  },
  {
    name: "verdict on other services' answers",
    form: 'json',
    seeds: answers,
    longest: 8_388_608,
    memory: 384,
    refusals: ['service_evidence_malformed', 'evidence_malformed', 'claims_malformed'],
    share: 0.02,
    parse(json) {
      const recognised = recognise(json)
      return recognised && judge(recognised, options)
    },
  },
]
