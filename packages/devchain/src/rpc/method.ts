import * as v from 'valibot'
import { parseFault } from './fault.ts'
import type { RpcContext } from './types.ts'

/** One method of the RPC. Throws {@link RpcFault}. */
export type Method = (context: RpcContext, params: unknown) => unknown

/**
 * A method whose params one schema reads.
 * @param positional turns params in array form, where old clients send such, into what the schema reads
 */
export const method =
  <S extends v.GenericSchema>(
    schema: S,
    run: (context: RpcContext, params: v.InferOutput<S>) => unknown,
    positional?: (params: readonly unknown[]) => unknown,
  ): Method =>
  (context, params) =>
    run(context, parse(schema, positional && Array.isArray(params) ? positional(params) : params))

/** A method that ignores what it is sent, as nearcore does where nothing is asked. */
export const plain =
  (run: (context: RpcContext) => unknown): Method =>
  (context) =>
    run(context)

/** @throws RpcFault `PARSE_ERROR` naming the first field that is wrong */
export function parse<S extends v.GenericSchema>(schema: S, params: unknown): v.InferOutput<S> {
  const parsed = v.safeParse(schema, params)
  if (parsed.success) return parsed.output
  const [issue] = parsed.issues
  const path = v.getDotPath(issue)
  throw parseFault(`Failed parsing args: ${path ? `\`${path}\`: ` : ''}${issue.message}`)
}
