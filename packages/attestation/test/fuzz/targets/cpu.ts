import { utf8 } from '@dcml/protocol'
import { readTcb, requireTcbReserved } from '../../../src/snp/product.ts'
import { readReport, readSignature, requireReservedZero, requireVersion } from '../../../src/snp/report.ts'
import { readCollateral, readQeIdentity, readTcbInfo } from '../../../src/tdx/collateral.ts'
import { MAX_QUOTE, readQuote, readQuoteHeader, requireTdx } from '../../../src/tdx/quote.ts'
import { readQeReport } from '../../../src/tdx/quoting-enclave.ts'
import type { Target } from '../target.ts'
import { collateral, jsonOf, parsed, platform, quotes, textOf } from './world.ts'

export const cpu: readonly Target[] = [
  {
    name: 'TDX quote',
    form: 'bytes',
    seeds: quotes,
    longest: MAX_QUOTE,
    memory: 4,
    refusals: ['Refusal'],
    parse(quote) {
      requireTdx(readQuoteHeader(quote))
      return readQeReport(readQuote(quote).qeReport)
    },
  },
  {
    name: 'TDX collateral',
    form: 'json',
    seeds: [jsonOf(collateral)],
    longest: 4_194_304,
    memory: 256,
    refusals: ['Refusal'],
    share: 0.3,
    parse: (json) => readCollateral(parsed(json)),
  },
  {
    name: 'TCB info',
    form: 'json',
    seeds: [utf8(collateral.tcb_info)],
    longest: 262_144,
    memory: 32,
    refusals: ['Refusal'],
    share: 0.5,
    parse: (json) => readTcbInfo(textOf(json)),
  },
  {
    name: 'QE identity',
    form: 'json',
    seeds: [utf8(collateral.qe_identity)],
    longest: 262_144,
    memory: 32,
    refusals: ['Refusal'],
    parse: (json) => readQeIdentity(textOf(json)),
  },
  {
    name: 'SEV-SNP report',
    form: 'bytes',
    seeds: [platform!.report],
    longest: 1184,
    memory: 1,
    refusals: ['Refusal'],
    parse(bytes) {
      const report = requireVersion(readReport(bytes))
      requireReservedZero(bytes, report)
      for (const encoded of Object.values(report.tcb))
        for (const product of ['Milan', 'Turin'] as const) {
          readTcb(encoded, product)
          if (product === 'Milan') requireTcbReserved(encoded, product)
        }
      return readSignature(bytes)
    },
  },
]
