// A client that pays for one stream after the other, from a channel in a file, and tells of every token it got.
import { join } from 'node:path'
import { development } from '@dcml/attestation'
import { type ChannelPayer, createClient, fileChannel } from '@dcml/client'
import { accountFromKey, connectNear } from '@dcml/near'
import { modelWallet } from '@dcml/near/model'
import { DcmlError } from '@dcml/protocol'
import { createSimulator } from '@dcml/tee-simulator'
import { CHAIN_ID, DEPOSIT, MAX_TOKENS, PER_PROMPT, PER_TOKEN, type Stage, say } from './stage.ts'

/** Refusals after which a channel can only be closed; the second where the payer was killed while it did so. */
const VAIN: ReadonlySet<string> = new Set(['channel_challenge_unknown', 'channel_closing'])

export async function runPayer({ folder, ports, contract, keys, life, aim, seed }: Stage): Promise<void> {
  const near = connectNear({ networkId: CHAIN_ID, nodes: `http://127.0.0.1:${ports.chain}`, rounds: 6 })
  const { accountId, secretKey } = keys.alice
  const wallet = modelWallet({ near, account: accountFromKey(accountId, secretKey), contract })
  const { rootDer } = await createSimulator()
  const client = createClient({
    endpoint: `https://127.0.0.1:${ports.runtime}`,
    policy: development(),
    roots: [rootDer],
  })
  say({ event: 'ready' })
  const store = fileChannel(join(folder, `channel-${life}.json`))
  const terms = {
    ...{ wallet, store, provider: keys.bob.accountId, deposit: DEPOSIT },
    perRequestLimit: PER_PROMPT + PER_TOKEN * BigInt(MAX_TOKENS + 8),
    step: PER_TOKEN * 2n,
  }
  const resume = () => client.resumeChannel({ store, wallet })
  const payer = await untilDone(aim, () => (aim === 'close' ? resume() : payOrBeginAnew()))

  /** A runtime that was killed has forgotten its challenges: what was opened on one is closed, at nothing. */
  async function payOrBeginAnew(): Promise<ChannelPayer> {
    try {
      return await client.pay(terms)
    } catch (error) {
      if (!DcmlError.isInstance(error) || !VAIN.has(error.code)) throw error
      const vain = await resume()
      const { done } = await vain.close()
      if (!done) throw error
      say({ event: 'vain', channelId: `${vain.channelId}` })
      return client.pay(terms)
    }
  }
  say({ event: 'open', channelId: `${payer.channelId}` })
  if (aim === 'close') {
    const closure = await untilDone('close', async () => {
      const result = await payer.close()
      if (!result.done) throw result.why ?? new Error(`waits for ${result.next}`)
      return result
    })
    return say({ event: 'closed', settled: `${closure.settled}`, spent: `${payer.amounts().spent}` })
  }
  for (let n = 0; ; n++) {
    const request = `${life}-${seed}-${n}`
    const max_tokens = 4 + ((seed + n * 7) % (MAX_TOKENS - 4))
    say({ event: 'ask', request })
    try {
      const response = await client.fetch('/v1/completions', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ prompt: `count up for ${request}`, max_tokens, stream: true }),
      })
      if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`)
      let text = ''
      for await (const part of response.body as unknown as AsyncIterable<Uint8Array>) {
        text += new TextDecoder().decode(part)
        say({ event: 'got', request, n: (text.match(/ t\d+"/g) ?? []).length })
      }
      say({ event: 'done', request, spent: `${payer.amounts().spent}` })
    } catch (error) {
      failed('ask', error)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
}

/** The others are killed too: what failed is tried again. */
async function untilDone<T>(what: string, act: () => Promise<T>): Promise<T> {
  for (;;)
    try {
      return await act()
    } catch (error) {
      failed(what, error)
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
}

const failed = (what: string, error: unknown): void =>
  say({
    event: 'failed',
    what,
    code: DcmlError.isInstance(error) ? error.code : 'other',
    message: error instanceof Error ? error.stack : String(error),
  })
