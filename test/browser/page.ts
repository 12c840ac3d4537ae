// The page under test: what its developer would write, with handles for the test that drives it.
import { development, parsePolicy } from '@dcml/attestation'
import { type Client, createClient, verifyReceiptRecord } from '@dcml/client/browser'

/** What a page says of a chat: what it showed, and how that ended. */
export interface Chat {
  readonly text: string
  readonly deltas: number
  readonly code?: string
  readonly failed?: string
}

/** How the test drives the page. */
export interface PageUnderTest {
  connect(options: {
    endpoint: string
    rootPem: string
    imageH: string
    binding?: 'session-signed' | 'session-quoted'
  }): void
  /** Brings the model's key. @returns the status */
  seed(grant: string): Promise<number>
  /** Asks for a streamed answer, and shows it as it comes. */
  chat(prompt: string): Promise<Chat>
  /** Leaves a streamed answer after its first piece. */
  leave(prompt: string): Promise<string>
  /** Judges every kept receipt again, offline. */
  receipts(): Promise<boolean[]>
  checks(): Promise<Record<string, string>>
}

let client: Client
let trust: { roots: string[]; imageH: string }

const ask = (prompt: string, signal?: AbortSignal): Promise<Response> =>
  client.fetch('/v1/chat/completions', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ messages: [{ role: 'user', content: prompt }], stream: true }),
    ...(signal && { signal }),
  })

const page: PageUnderTest = {
  connect({ endpoint, rootPem, imageH, binding = 'session-signed' }) {
    trust = { roots: [rootPem], imageH }
    client = createClient({ endpoint, policy: development({ imageH: [imageH], binding }), roots: [rootPem] })
  },

  async seed(grant) {
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ grant }) }
    return (await client.fetch('/dcml/v1/set-sk', init)).status
  },

  async chat(prompt) {
    let [text, deltas, pending] = ['', 0, '']
    try {
      const response = await ask(prompt)
      if (!response.ok) return { text, deltas, code: String(response.status) }
      const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
      for (;;) {
        const { done, value } = await reader.read()
        if (done) return { text, deltas }
        const lines = (pending + value).split('\n')
        pending = lines.pop()!
        for (const line of lines) {
          if (!line.startsWith('data: {')) continue
          const { choices } = JSON.parse(line.slice(6)) as { choices: { delta?: { content?: string } }[] }
          const piece = choices[0]?.delta?.content
          if (piece === undefined) continue
          text += piece
          deltas++
        }
      }
    } catch (error) {
      const { code = String(error), details } = error as { code?: string; details?: { failed?: string } }
      return { text, deltas, code, ...(details?.failed !== undefined && { failed: details.failed }) }
    }
  },

  async leave(prompt) {
    const leaving = new AbortController()
    const reader = (await ask(prompt, leaving.signal)).body!.getReader()
    await reader.read()
    leaving.abort(new Error('left'))
    try {
      while (!(await reader.read()).done);
      return 'it ended'
    } catch (error) {
      return (error as Error).message
    }
  },

  async receipts() {
    const verdicts: boolean[] = []
    const policy = parsePolicy(development({ imageH: [trust.imageH] }))
    for await (const record of client.receipts.list())
      verdicts.push((await verifyReceiptRecord(record, { policy, roots: trust.roots, now: new Date() })).ok)
    return verdicts
  },

  async checks() {
    const { checks } = await client.evidence()
    return Object.fromEntries(checks.map(({ name, status }) => [name, status]))
  },
}

Object.assign(globalThis, { page })
