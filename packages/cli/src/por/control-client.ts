// Asks a node that runs on this machine, over the socket in its store.
import { type IncomingMessage, request } from 'node:http'
import { createInterface } from 'node:readline'
import { DcmlError, toBase64url } from '@dcml/protocol'
import * as v from 'valibot'
import {
  type Accepting,
  type Asking,
  type Edges,
  edges,
  failed,
  type Isolated,
  isolated,
  offer,
  type Requested,
  requested,
  type TermsOffer,
  type Updating,
  waited,
} from './control-schema.ts'
import { socketIn } from './control-server.ts'

/** How a question may be followed. */
export interface Following {
  /** Told of every payment for waiting, in yoctoNEAR. */
  readonly onLate?: (amount: bigint) => void
  readonly signal?: AbortSignal
}

/** A node that runs on a store; every call throws DcmlError `por_node_down` where none does. */
export interface Control {
  /** One try. */
  request(asking: Asking, following?: Following): Promise<Requested>
  /** Until there is an answer, or nobody can ask any more. */
  isolate(asking: Asking, following?: Following): Promise<Isolated>
  edges(): Promise<Edges>
  cut(edgeId: bigint): Promise<void>
  /** Offers the other end new terms. */
  update(updating: Updating): Promise<TermsOffer>
  /** Takes up what the other end offers, and brings it to the chain. */
  accept(accepting: Accepting): Promise<TermsOffer>
}

/** @param store folder of a running node */
export const controlOf = (store: string): Control => ({
  request: (asking, following) => ask(store, '/request', requested, asking, following),
  isolate: (asking, following) => ask(store, '/isolate', isolated, asking, following),
  edges: () => last(store, edges, say(store, 'GET', '/edges')),
  async cut(edgeId) {
    await last(store, v.strictObject({}), say(store, 'POST', '/cut', { edgeId }))
  },
  update: (updating) => last(store, offer, say(store, 'POST', '/update', updating)),
  accept: (accepting) => last(store, offer, say(store, 'POST', '/accept', accepting)),
})

function ask<S extends v.GenericSchema>(
  store: string,
  path: string,
  schema: S,
  asking: Asking,
  { onLate, signal }: Following = {},
): Promise<v.InferOutput<S>> {
  const body = { ...asking, payload: toBase64url(asking.payload) }
  return last(store, schema, say(store, 'POST', path, body, signal), onLate)
}

/** The last line; those before tell of money. */
async function last<S extends v.GenericSchema>(
  store: string,
  schema: S,
  lines: AsyncIterable<unknown>,
  onLate?: (amount: bigint) => void,
): Promise<v.InferOutput<S>> {
  for await (const line of lines) {
    if (v.is(failed, line)) throw asError(v.parse(failed, line).error)
    const money = v.safeParse(waited, line)
    if (!money.success) return read(schema, line)
    onLate?.(money.output.late)
  }
  throw down(store)
}

async function* say(store: string, method: string, path: string, body?: object, signal?: AbortSignal) {
  // a connection that an answer was not read from to its end is no good for the next question
  const call = request({ socketPath: socketIn(store), agent: false, method, path, ...(signal && { signal }) })
  call.end(JSON.stringify(body ?? {}, (_, value) => (typeof value === 'bigint' ? `${value}` : value)))
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    call.once('response', resolve)
    call.once('error', (cause) => reject(signal?.aborted ? cause : down(store, cause)))
  })
  for await (const line of createInterface({ input: response })) yield JSON.parse(line)
}

interface ErrorJson {
  readonly code: string
  readonly message: string
  readonly hint?: string | undefined
}
const asError = ({ code, message, hint = '' }: ErrorJson): DcmlError => new DcmlError(code, message, { hint })

function read<S extends v.GenericSchema>(schema: S, line: unknown): v.InferOutput<S> {
  try {
    return v.parse(schema, line)
  } catch (cause) {
    throw new DcmlError('control_invalid', 'The node says what this dcml cannot read.', {
      hint: 'Run both in the same version.',
      cause,
    })
  }
}

const down = (store: string, cause?: unknown): DcmlError =>
  new DcmlError('por_node_down', `No node runs on ${store}.`, { hint: 'Start it: dcml por node --store …', cause })
