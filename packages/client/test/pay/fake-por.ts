// A network of Proof of Response with two nodes: the payer's, and a host's that answers as the test says.
import { createHash, generateKeyPairSync, sign as signBytes } from 'node:crypto'
import { PAYMENT_CALLS } from '@dcml/channels'
import { formatClosureRequest, utf8 } from '@dcml/protocol'
import { type NodeSigner, parseChannelClosing, porRequest, porResponse, requestHash, sign } from '@dcml/protocol/por'
import type { PorCallOptions, PorReply, PorRequester } from '../../src/index.ts'
import type { FakeEnclave } from './fake-enclave.ts'

const porChain = { networkId: 'devnet', contract: 'por.test' }

function nodeKey(): NodeSigner {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  return {
    publicKey: Uint8Array.from(publicKey.export({ type: 'spki', format: 'der' }).subarray(-32)),
    sign: (message) => Uint8Array.from(signBytes(null, message, privateKey)),
  }
}

export type Host = (
  payload: Uint8Array,
  options: PorCallOptions,
) => Promise<{ status: number; payload: Uint8Array } | 'silent'>

/** What the requester was asked, beside how it asks. */
export interface FakePor extends PorRequester {
  readonly calls: { readonly how: 'request' | 'isolate'; readonly target: string; readonly options: PorCallOptions }[]
}

/** @param cut called when a silent host was isolated */
export function fakePor(host: Host, cut: () => void = () => {}): FakePor {
  const [alice, bob] = [nodeKey(), nodeKey()]
  const calls: FakePor['calls'] = []
  const sha256 = (bytes: Uint8Array) => Uint8Array.from(createHash('sha256').update(bytes).digest())

  async function ask(target: string, payload: Uint8Array, options: PorCallOptions): Promise<PorReply | 'silent'> {
    const answer = await host(payload, options)
    if (answer === 'silent') return answer
    const request = sign(
      porRequest,
      porChain,
      {
        requestId: sha256(utf8(`${calls.length}`)),
        requester: 'alice.test',
        recipient: target,
        recipientKey: bob.publicKey,
        payloadHash: sha256(payload),
        payloadLength: payload.length,
        maxResponse: options.maxResponse,
        lateRate: options.lateRate ?? 0n,
        service: options.service ?? 0,
        app: options.app,
      },
      alice,
    )
    const { status, payload: said } = answer
    const fields = {
      requestHash: requestHash(request.body),
      status,
      payloadHash: sha256(said),
      payloadLength: said.length,
    }
    return { ...answer, proof: { request, response: sign(porResponse, porChain, fields, bob) } }
  }

  return {
    calls,
    async request(target, payload, options) {
      calls.push({ how: 'request', target, options })
      const response = await ask(target, payload, options)
      return response === 'silent' ? { broken: { edgeId: 1n, cert: null } } : { response }
    },
    async isolate(target, payload, options) {
      calls.push({ how: 'isolate', target, options })
      const response = await ask(target, payload, options)
      if (response !== 'silent') return { response }
      cut()
      return { disconnected: { account: target, since: 1n } }
    },
  }
}

/** A host that passes the request to its enclave. */
export const honest =
  (enclave: FakeEnclave): Host =>
  async (payload) => {
    const body = utf8(JSON.stringify({ request: formatClosureRequest(parseChannelClosing(payload).closure) }))
    const { signal } = new AbortController()
    const request = { method: 'POST', target: PAYMENT_CALLS.requestClosure, headers: new Headers(), body, signal }
    const response = await enclave.transport().send(request)
    const { approval } = (await new Response(response.body).json()) as { approval: string }
    return { status: 0, payload: utf8(approval) }
  }
