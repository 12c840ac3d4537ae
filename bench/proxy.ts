// CPU time the runtime itself spends in front of an upstream engine: per request with one token, and per further token.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { withHost } from './host.ts'
import { load } from './load.ts'
import { chatBody } from './serving.ts'
import { median } from './statistics.ts'

export const title = 'Proxy: CPU of the runtime in front of an upstream engine'

const TOKENS = 512

export async function run({ quick }: { quick: boolean }): Promise<{ rows: Record<string, string | number>[] }> {
  const engine = fork(join(import.meta.dirname, 'fake-engine.ts'))
  const [port] = (await once(engine, 'message')) as [number]
  try {
    return await withHost(
      'proxy-host.ts',
      'M1',
      [`http://127.0.0.1:${port}/v1`],
      async ({ process: host, attestedUrl, client }) => {
        const cpu = async (): Promise<number> => {
          host.send('cpu')
          const [{ user, system }] = (await once(host, 'message')) as [NodeJS.CpuUsage]
          return user + system
        }
        const spend = async (tokens: number, requests: number): Promise<number> => {
          const before = await cpu()
          const body = (i: number) => ({ ...chatBody(i), max_tokens: tokens })
          await load({ url: `${attestedUrl}/v1/chat/completions`, fetch: client.fetch, clients: 1, requests, body })
          return ((await cpu()) - before) / requests
        }
        // a compiler that is still at work would be measured instead
        await spend(1, 600)
        await spend(TOKENS, quick ? 20 : 60)
        const short: number[] = []
        const long: number[] = []
        for (let round = 0; round < (quick ? 3 : 9); round++) {
          short.push(await spend(1, 50))
          long.push(await spend(TOKENS + 1, 20))
        }
        const perToken = (median(long) - median(short)) / TOKENS
        return { rows: [{ 'µs per token': perToken.toFixed(1), 'ms per request': (median(short) / 1000).toFixed(2) }] }
      },
    )
  } finally {
    engine.kill()
  }
}
