import { checkDeposit, checkFirstCall, checkOwnCall, onlyRead } from './guard.ts'
import type { Method } from './method.ts'
import { type Outcome, outcome } from './outcome.ts'
import type { Sent } from './promise.ts'
import { type AnySchema, type Json, misfit } from './schema/types.ts'
import { loadState } from './state.ts'

/**
 * One call from outside: who may, with which deposit, arguments in, result out. Calls between methods of the class do
 * not come here; they are plain TypeScript.
 * @throws Error for a caller, a deposit or arguments the method does not take
 */
export function run(
  contract: object,
  { name, spec, body, args, old }: Method,
  input: unknown,
): Json | Sent | undefined {
  const { kind, deposit, results, returns, byParent = false } = spec
  if (kind === 'view') onlyRead()
  else if (kind === 'initialize') checkFirstCall(byParent)
  else if (kind === 'callback' || kind === 'migrate') checkOwnCall()
  checkDeposit(deposit)
  const more: unknown[] = results ? outcomes(results) : old ? [loadState(old) ?? misfit('a state to migrate')] : []
  const result = body.call(contract, args.parse(input), ...more)
  if (isSent(result)) return result
  if (returns) return returns.format(result)
  if (result !== undefined) throw new Error(`${name} returns a value but declares none`)
  return undefined
}

const isSent = (result: unknown): result is Sent => typeof (result as Sent | undefined)?.onReturn === 'function'

function outcomes(results: readonly (AnySchema | null)[]): Outcome<unknown>[] {
  if (env.promise_results_count() !== BigInt(results.length)) throw new Error('another number of promise results')
  return results.map((schema, at) => outcome(at, schema))
}
