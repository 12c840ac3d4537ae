// One JSON-RPC request in, one response out. Batches and notifications are refused, as nearcore refuses them.
import * as v from 'valibot'
import { internalFault, methodNotFound, parseFault, RpcFault } from './fault.ts'
import type { Method } from './method.ts'
import { blockMethods } from './methods/blocks.ts'
import { changeMethods } from './methods/changes.ts'
import { dcmlMethods } from './methods/dcml.ts'
import { lightClientMethods } from './methods/light-client.ts'
import { nodeMethods } from './methods/node.ts'
import { queryMethods } from './methods/query.ts'
import { sandboxMethods } from './methods/sandbox.ts'
import { transactionMethods } from './methods/transactions.ts'
import { validatorMethods } from './methods/validators.ts'
import type { RpcContext } from './types.ts'

const methods: ReadonlyMap<string, Method> = new Map(
  [
    blockMethods,
    changeMethods,
    dcmlMethods,
    lightClientMethods,
    nodeMethods,
    queryMethods,
    sandboxMethods,
    transactionMethods,
    validatorMethods,
  ].flatMap((group) => Object.entries(group)),
)

const message = v.object({
  jsonrpc: v.literal('2.0'),
  method: v.string(),
  params: v.optional(v.unknown(), null),
  id: v.unknown(),
})

/** A JSON-RPC response and the HTTP status it goes with. Bigints in it are numbers to be written with all digits. */
export interface RpcReply {
  readonly status: number
  readonly body: {
    readonly jsonrpc: '2.0'
    readonly id: unknown
    readonly result?: unknown
    readonly error?: RpcFault['json']
  }
}

/** Answers a request that is already parsed JSON. Never throws: what goes wrong is the reply. */
export async function handleRpc(context: RpcContext, request: unknown): Promise<RpcReply> {
  const parsed = v.safeParse(message, request)
  if (!parsed.success || !Object.hasOwn(request as object, 'id'))
    return refused(null, parseFault('JSON RPC Request format was expected'))
  const { id, method, params } = parsed.output
  try {
    const run = methods.get(method)
    if (!run) throw methodNotFound(method)
    const result = await run(context, params)
    return { status: 200, body: { jsonrpc: '2.0', result, id } }
  } catch (error) {
    return refused(id, error instanceof RpcFault ? error : internalFault(messageOf(error)))
  }
}

/** The reply to what is no request at all. */
export const refused = (id: unknown, fault: RpcFault): RpcReply => ({
  status: fault.status,
  body: { jsonrpc: '2.0', error: fault.json, id },
})

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
