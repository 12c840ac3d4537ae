// An enclave that does what is asked of it, and what tests tell it to: the ledger and the light client as they are,
// behind plain HTTP.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type ApprovalFacts, type Bundle, EnclaveLedger, PAYMENT_CALLS, readWire, STANDARD, wire } from '@dcml/channels'
import { memoryAntiRollback, memoryStateStore } from '@dcml/channels/testing'
import {
  advance,
  formatTrustRoot,
  type LightClientState,
  type ProvenLog,
  parseLightClientBlock,
  parseLogProof,
  verifyLog,
} from '@dcml/light-client'
import { type Chain, DcmlError, formatApproval, signApproval } from '@dcml/protocol'
import type { Key } from '../../../contracts/model/test/world.ts'

/** Answers itself, or says `pass` to let the enclave answer. */
type Handler = (request: IncomingMessage, response: ServerResponse) => unknown

export interface TestEnclave {
  readonly url: string
  readonly ledger: EnclaveLedger
  approvalOf(channelId: bigint): Promise<string>
  /** Paths that were called, in order. */
  readonly calls: string[]
  /** Answers instead of the enclave; null: the enclave does. */
  interfere: Handler | null
  close(): void
}

export async function startEnclave(options: {
  chain: Chain
  key: Key
  modelH: Uint8Array
  host: string
  trustRoot: LightClientState
  clock: () => number
}): Promise<TestEnclave> {
  const { chain, key, trustRoot, clock } = options
  const identity = { chain, sessionKey: key.publicKey, modelH: options.modelH, host: options.host }
  const signer = { publicKey: key.publicKey, sign: (message: Uint8Array) => key.sign(message) }
  const ledger = await EnclaveLedger.open({
    identity,
    isNewSession: true,
    store: memoryStateStore(),
    antiRollback: memoryAntiRollback(),
    clock,
  })
  const approve = async (facts: ApprovalFacts) => formatApproval(await signApproval(chain, facts, signer))
  let state = trustRoot

  async function verify({ blocks, proof }: Bundle, events: readonly string[]): Promise<ProvenLog> {
    for (const json of blocks) {
      const step = await advance(state, parseLightClientBlock(json))
      if (!step.ok) throw step.error
      state = step.state
    }
    const verdicts = events.map((event) =>
      verifyLog(parseLogProof(proof), {
        ...{ contract: chain.contract, standard: STANDARD, event, state },
        ...{ now: new Date(clock()), maxHeadAge: 600_000, maxEventAge: 'any' as const },
      }),
    )
    const found = verdicts.find(({ ok }) => ok) ?? verdicts[0]!
    if (!found.ok) throw found.error
    return found
  }

  const routes: Record<string, (body: unknown) => Promise<object>> = {
    [PAYMENT_CALLS.lightClient]: async () => ({ state: formatTrustRoot(state) }),
    [PAYMENT_CALLS.answerClosure]: async (body) => {
      const facts = await ledger.answerClosure(await verify(readWire(wire.bundle, body), ['close_started']))
      return { approval: await approve(facts) }
    },
    [PAYMENT_CALLS.forget]: async (body) => {
      await ledger.forget(await verify(readWire(wire.bundle, body), ['channel_closed', 'channel_forfeited']))
      return {}
    },
  }
  const calls: string[] = []
  const server = createServer(async (request, response) => {
    const path = request.url ?? ''
    calls.push(path)
    if (enclave.interfere !== null && enclave.interfere(request, response) !== 'pass') return
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    try {
      const text = Buffer.concat(chunks).toString()
      response.end(JSON.stringify(await routes[path]!(text === '' ? undefined : JSON.parse(text))))
    } catch (error) {
      const { code, message } = DcmlError.isInstance(error) ? error : { code: 'internal', message: String(error) }
      response.writeHead(400).end(JSON.stringify({ error: { code, message } }))
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const enclave: TestEnclave = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ledger,
    approvalOf: async (channelId) => approve(await ledger.requestClosure(channelId)),
    calls,
    interfere: null,
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
  return enclave
}
