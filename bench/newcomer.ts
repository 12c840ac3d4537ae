// What a newcomer waits for the first token while seven others are being answered, against an idle engine.
import { withHost } from './host.ts'
import { load } from './load.ts'
import { chatBody } from './serving.ts'
import { median } from './statistics.ts'

export const title = 'Newcomer: time to first token, 15 M parameters'

export async function run({ quick }: { quick: boolean }): Promise<{ rows: Record<string, string | number>[] }> {
  return withHost('serving-host.ts', 'M15', [], async ({ attestedUrl, client }) => {
    const url = `${attestedUrl}/v1/chat/completions`
    const ask = async () => (await load({ url, fetch: client.fetch, clients: 1, requests: 1, body: chatBody })).ttft[0]!
    const rounds = quick ? 5 : 20
    await ask()
    const idle: number[] = []
    for (let i = 0; i < rounds; i++) idle.push(await ask())

    let busy = true
    const body = (i: number) => ({ ...chatBody(i), max_tokens: 256 })
    const others = Promise.all(
      Array.from({ length: 7 }, async () => {
        while (busy) await load({ url, fetch: client.fetch, clients: 1, requests: 1, body })
      }),
    )
    await new Promise((resolve) => setTimeout(resolve, 2000))
    const crowded: number[] = []
    for (let i = 0; i < rounds; i++) crowded.push(await ask())
    busy = false
    await others
    const ratio = median(crowded) / median(idle)
    return {
      rows: [
        {
          'idle ms': median(idle).toFixed(1),
          'with 7 streams ms': median(crowded).toFixed(1),
          ratio: ratio.toFixed(2),
        },
      ],
    }
  })
}
