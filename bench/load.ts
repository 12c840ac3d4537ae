// A load generator for streamed chat, with the metrics of vLLM's `vllm bench serve`: TTFT to the first chunk with
// choices, ITL between such chunks, E2EL to the last one, TPOT = (E2EL - TTFT) / (output tokens - 1).

/** What one run of `clients` at a time measured; times in milliseconds. */
export interface LoadResult {
  /** (input + output tokens) / duration, as in the paper's Table 1. */
  totalTokensPerSecond: number
  requestsPerSecond: number
  ttft: number[]
  itl: number[]
  tpot: number[]
}

export interface LoadOptions {
  url: string
  fetch: typeof globalThis.fetch
  clients: number
  requests: number
  /** Body of request number i, without `stream`. */
  body: (i: number) => Record<string, unknown>
}

/** Sends `requests` requests, `clients` at a time. @throws Error on any answer but a whole stream with usage */
export async function load({ url, fetch, clients, requests, body }: LoadOptions): Promise<LoadResult> {
  const result: LoadResult = { totalTokensPerSecond: 0, requestsPerSecond: 0, ttft: [], itl: [], tpot: [] }
  let next = 0
  let tokens = 0
  const start = performance.now()
  const client = async (): Promise<void> => {
    while (next < requests) {
      const spent = await one(url, fetch, body(next++), result) // read `tokens` only after the wait
      tokens += spent
    }
  }
  await Promise.all(Array.from({ length: clients }, client))
  const seconds = (performance.now() - start) / 1000
  return { ...result, totalTokensPerSecond: tokens / seconds, requestsPerSecond: requests / seconds }
}

async function one(
  url: string,
  fetch: typeof globalThis.fetch,
  body: Record<string, unknown>,
  { ttft, itl, tpot }: LoadResult,
): Promise<number> {
  const start = performance.now()
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ...body, stream: true, stream_options: { include_usage: true } }),
  })
  if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`)
  let first = 0
  let last = 0
  let usage: { prompt_tokens: number; completion_tokens: number } | undefined
  for await (const payload of payloads(response.body!)) {
    if (payload === '[DONE]') continue
    const chunk = JSON.parse(payload) as { choices: unknown[]; usage?: typeof usage; error?: unknown }
    if (chunk.error) throw new Error(payload)
    if (chunk.usage) usage = chunk.usage
    if (chunk.choices.length === 0) continue
    const now = performance.now()
    if (first === 0) {
      first = now
      ttft.push(first - start)
    } else itl.push(now - last)
    last = now
  }
  if (usage === undefined) throw new Error('the stream ended without usage')
  if (usage.completion_tokens > 1) tpot.push((last - first) / (usage.completion_tokens - 1))
  return usage.prompt_tokens + usage.completion_tokens
}

async function* payloads(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  let rest = ''
  for await (const text of body.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split('\n')
    rest = lines.pop()!
    for (const line of lines) if (line.startsWith('data: ')) yield line.slice(6)
  }
}
