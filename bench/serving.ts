// The full path (attested TLS, runtime, metering, receipts, verifying client) against the same engine instance behind
// a plain HTTP server, interleaved, on a 15-million-parameter model. Columns as in the paper's Table 1.
import { withHost } from './host.ts'
import { type LoadResult, load } from './load.ts'
import { interleave, median, percentile } from './statistics.ts'

export const title = 'Serving: full path against plain HTTP, same engine, 15 M parameters'

export async function run({
  quick,
}: {
  quick: boolean
}): Promise<{ rows: Record<string, string | number>[]; notes: string[] }> {
  const rows = await withHost('serving-host.ts', 'M15', [], async ({ plainUrl, attestedUrl, client }) => {
    const side = (url: string, fetch: typeof globalThis.fetch, clients: number) => () =>
      load({ url: `${url}/v1/chat/completions`, fetch, clients, requests: clients * 3, body: chatBody })
    const table: Record<string, string | number>[] = []
    for (const clients of [1, 4, 8]) {
      const sides = { raw: side(plainUrl, globalThis.fetch, clients), dcml: side(attestedUrl, client.fetch, clients) }
      await interleave(1, sides)
      const { raw, dcml } = await interleave(quick ? 3 : 8, sides)
      table.push(row(clients, raw, dcml))
    }
    return table
  })
  return { rows, notes: ['Rates are medians of rounds; times are pooled over all requests, in ms, DCML minus plain.'] }
}

/**
 * Short prompts and answers of 32 to 96 tokens, as vLLM's random data set: with equal lengths all clients would stay in
 * step, and what is measured is whether their prompts fall into one batch.
 */
export const chatBody = (i: number): Record<string, unknown> => ({
  model: '', // whichever the host serves
  messages: [{ role: 'user', content: `${i} ${'word '.repeat(5 + ((i * 13) % 11))}` }],
  max_tokens: 32 + ((i * 37) % 65),
  temperature: 0,
  ignore_eos: true,
})

function row(
  clients: number,
  raw: readonly LoadResult[],
  dcml: readonly LoadResult[],
): Record<string, string | number> {
  const rate = (side: readonly LoadResult[], key: 'totalTokensPerSecond' | 'requestsPerSecond') =>
    median(side.map((r) => r[key]))
  const pooled = (side: readonly LoadResult[], key: 'ttft' | 'itl' | 'tpot') => side.flatMap((r) => r[key])
  const added = (key: 'ttft' | 'itl' | 'tpot', share: number) => {
    const difference = percentile(pooled(dcml, key), share) - percentile(pooled(raw, key), share)
    return `${difference < 0 ? '' : '+'}${difference.toFixed(2)}`
  }
  const [a, b] = [rate(raw, 'totalTokensPerSecond'), rate(dcml, 'totalTokensPerSecond')]
  const [c, d] = [rate(raw, 'requestsPerSecond'), rate(dcml, 'requestsPerSecond')]
  return {
    clients,
    'tokens/s DCML': b.toFixed(1),
    'tokens/s plain': a.toFixed(1),
    overhead: `${((1 - b / a) * 100).toFixed(2)}%`,
    'req/s DCML': d.toFixed(2),
    'req/s plain': c.toFixed(2),
    'TTFT p50 plain': median(pooled(raw, 'ttft')).toFixed(1),
    'TTFT p50': added('ttft', 0.5),
    'TTFT p99': added('ttft', 0.99),
    'ITL p50': added('itl', 0.5),
    'TPOT p50': added('tpot', 0.5),
  }
}
