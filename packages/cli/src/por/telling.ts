// What a node's answers look like on its control socket.
import type { IsolateResult, RequestResult } from '@dcml/por'
import type { OwnEdge } from '@dcml/por/node'
import { toBase64url } from '@dcml/protocol'
import { type EdgeUpdate, encodeSigned, porRequest, porResponse, severCert } from '@dcml/protocol/por'

type Response = Extract<RequestResult, { response: unknown }>['response']

const tellResponse = ({ status, payload, proof }: Response) => ({
  status,
  payload: toBase64url(payload),
  proof: {
    request: toBase64url(encodeSigned(porRequest, proof.request)),
    response: toBase64url(encodeSigned(porResponse, proof.response)),
  },
})

export function tellRequest(result: RequestResult): object {
  if ('response' in result) return { ...result, response: tellResponse(result.response) }
  const { edgeId, cert } = result.broken
  return { ...result, broken: { edgeId, cert: cert && toBase64url(encodeSigned(severCert, cert)) } }
}

export const tellIsolate = (result: IsolateResult): object =>
  'response' in result ? { ...result, response: tellResponse(result.response) } : result

export const tellOffer = ({ revision, params, effectiveFrom }: EdgeUpdate): object => ({
  revision,
  params,
  effectiveFrom,
})

export const tellEdges = (edges: readonly OwnEdge[]): object[] =>
  edges.map(({ id, peer, status, connected, params, books, offered }) => ({
    edgeId: id,
    peer,
    status,
    connected,
    params,
    offered: offered && tellOffer(offered),
    books: books && {
      balance: books.balance,
      reserved: books.reserved,
      paid: books.paid,
      received: books.received,
      debt: books.debt,
      inflight: books.outbound + books.inbound,
    },
  }))
