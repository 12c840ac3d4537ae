// TDX verification against @phala/dcap-qvl in the same run, on a minted quote and, where it is here, on a genuine one.

import { development, platform, verifyTdxQuote } from '@dcml/attestation'
import { createSimulator } from '@dcml/tee-simulator'
import { QuoteVerifier, verify } from '@phala/dcap-qvl'
import { findVector } from '../test/vectors.ts'
import { interleave, median, percentile } from './statistics.ts'

export const title = 'Attestation: TDX quote verification'

type Row = Record<string, string | number>

export async function run({ quick }: { quick: boolean }): Promise<{ rows: Row[] }> {
  const rounds = quick ? 50 : 500
  const simulator = await createSimulator()
  const minted = {
    quote: simulator.mintQuote({ reportData: new Uint8Array(64), imageH: new Uint8Array(32) }),
    collateral: simulator.collateral(),
    now: simulator.now(),
  }
  const root = QuoteVerifier.newWithRootCa(Buffer.from(simulator.rootDer))
  const rows = await compare('minted', rounds, {
    verifyTdxQuote: () => verifyTdxQuote({ ...minted, roots: [simulator.rootPem], policy: development() }),
    '@phala/dcap-qvl 0.3.9': async () =>
      root.verify(Buffer.from(minted.quote), minted.collateral, minted.now.getTime() / 1000),
  })
  const quote = findVector('attestation/tdx/v4-uptodate-2025-06/quote.bin')
  const json = findVector('attestation/tdx/v4-uptodate-2025-06/collateral.json')
  if (quote === undefined || json === undefined) return { rows }
  const collateral = JSON.parse(new TextDecoder().decode(json))
  const now = new Date('2025-07-01T00:00:00Z')
  return {
    rows: [
      ...rows,
      ...(await compare('genuine, June 2025', rounds, {
        verifyTdxQuote: () => verifyTdxQuote({ quote, collateral, now, policy: platform }),
        '@phala/dcap-qvl 0.3.9': async () => verify(Buffer.from(quote), collateral, now.getTime() / 1000),
      })),
    ],
  }
}

async function compare(quote: string, rounds: number, sides: Record<string, () => Promise<unknown>>): Promise<Row[]> {
  const timed = Object.fromEntries(
    Object.entries(sides).map(([name, act]) => [
      name,
      async () => {
        const start = performance.now()
        await act()
        return performance.now() - start
      },
    ]),
  )
  await interleave(20, timed)
  const times = await interleave(rounds, timed)
  return Object.entries(times).map(([verifier, sample]) => ({
    quote,
    verifier,
    'median ms': median(sample).toFixed(2),
    'p99 ms': percentile(sample, 0.99).toFixed(2),
  }))
}
