// What goes wrong with a request, in the shape NEAR's clients match (nearcore `chain/jsonrpc-primitives/src/errors.rs`).
import { toJson } from './json.ts'

/** The `error` of a response. `code`, `message` and `data` are older than the others; old clients read only these. */
export interface RpcErrorJson {
  readonly name: 'REQUEST_VALIDATION_ERROR' | 'HANDLER_ERROR' | 'INTERNAL_ERROR'
  readonly cause: { readonly name: string; readonly info: unknown }
  readonly code: number
  readonly message: string
  readonly data: unknown
}

/** Thrown by methods, answered by the dispatcher. */
export class RpcFault extends Error {
  readonly json: RpcErrorJson
  /** Of the HTTP response. */
  readonly status: number

  constructor(json: RpcErrorJson, status: number) {
    super(`${json.cause.name}: ${toJson(json.data)}`)
    this.json = json
    this.status = status
  }
}

/**
 * The request was understood and cannot be answered.
 * @param data what clients older than structured errors match: mostly a sentence
 */
export const handlerFault = (name: string, info: object, data: unknown, status = 200): RpcFault =>
  new RpcFault({ name: 'HANDLER_ERROR', cause: { name, info }, code: -32000, message: 'Server error', data }, status)

export const parseFault = (error_message: string): RpcFault =>
  new RpcFault(
    {
      name: 'REQUEST_VALIDATION_ERROR',
      cause: { name: 'PARSE_ERROR', info: { error_message } },
      code: -32700,
      message: 'Parse error',
      data: error_message,
    },
    400,
  )

export const methodNotFound = (method_name: string): RpcFault =>
  new RpcFault(
    {
      name: 'REQUEST_VALIDATION_ERROR',
      cause: { name: 'METHOD_NOT_FOUND', info: { method_name } },
      code: -32601,
      message: 'Method not found',
      data: method_name,
    },
    400,
  )

export const internalFault = (error_message: string): RpcFault =>
  new RpcFault(
    {
      name: 'INTERNAL_ERROR',
      cause: { name: 'INTERNAL_ERROR', info: { error_message } },
      code: -32000,
      message: 'Server error',
      data: error_message,
    },
    500,
  )
