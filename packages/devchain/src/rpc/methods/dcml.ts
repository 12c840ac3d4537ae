// Our own methods, for tests in another process: what the in-process chain offers beyond near-sandbox.
import { DcmlError } from '@dcml/protocol'
import * as v from 'valibot'
import type { Chain } from '../../chain/chain.ts'
import { dumpRecords } from '../../state/index.ts'
import { accountId, hash } from '../../wire/json/scalars.ts'
import { handlerFault } from '../fault.ts'
import { type Method, method } from '../method.ts'
import { traceView } from '../views/trace.ts'

/** Blocks one call may make: more would keep every other caller waiting. */
const MAX_BLOCKS = 10_000

const count = v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(MAX_BLOCKS)), 1)
const none = v.optional(v.unknown())

const headOf = ({ head: { header } }: Chain) => ({
  height: header.height,
  hash: header.hash,
  timestamp: header.timestamp.toString(),
})

/** A method over an object of params, `[]` or nothing; what the chain refuses is a handler error by its code. */
const dev = <S extends v.GenericSchema>(schema: S, run: (chain: Chain, params: v.InferOutput<S>) => unknown): Method =>
  method(
    schema,
    ({ chain }, params) => {
      try {
        return run(chain, params)
      } catch (error) {
        if (!DcmlError.isInstance(error)) throw error
        const { code, message, hint, details = {} } = error
        throw handlerFault(code.toUpperCase(), { hint, ...details }, message)
      }
    },
    () => ({}),
  )

const object = <E extends v.ObjectEntries>(entries: E) =>
  v.pipe(
    none,
    v.transform((params) => params ?? {}),
    v.object(entries),
  )

const faultMatch = {
  receiverId: v.optional(accountId),
  predecessorId: v.optional(accountId),
  receiptId: v.optional(hash),
  methodName: v.optional(v.string()),
  data: v.optional(v.boolean()),
}
const times = v.optional(v.pipe(v.number(), v.integer(), v.minValue(1)), 1)
const fault = v.variant('fault', [
  v.object({ fault: v.literal('delay'), ...faultMatch, blocks: count, times }),
  v.object({ fault: v.literal('drop'), ...faultMatch, times }),
  v.object({ fault: v.literal('fail'), ...faultMatch, times }),
])

type Match = Parameters<Chain['faults']['drop']>[0]

function injectFault(chain: Chain, params: v.InferOutput<typeof fault>): object {
  const { fault: kind, times, ...rest } = params
  const { blocks = 1, ...match } = 'blocks' in rest ? rest : { ...rest, blocks: 1 }
  const given = match as Match
  if (kind === 'delay') chain.faults.delay(given, { blocks, times })
  else chain.faults[kind](given, { times })
  return {}
}

export const dcmlMethods: Readonly<Record<string, Method>> = {
  dcml_mine: dev(object({ count }), (chain, params) => {
    chain.mine(params.count)
    return headOf(chain)
  }),
  dcml_snapshot: dev(object({}), (chain) => ({ snapshot: chain.snapshot() })),
  dcml_revert: dev(object({ snapshot: v.number() }), (chain, { snapshot }) => {
    chain.revert(snapshot)
    return headOf(chain)
  }),
  /** RFC 3339, for the next block. */
  dcml_set_time: dev(object({ time: v.pipe(v.string(), v.isoTimestamp()) }), (chain, { time }) => {
    chain.setTime(new Date(time))
    return {}
  }),
  dcml_advance_time: dev(object({ ms: v.pipe(v.number(), v.safeInteger(), v.minValue(1)) }), (chain, { ms }) => {
    chain.advanceTime(ms)
    return {}
  }),
  dcml_advance_epochs: dev(
    object({ count: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(100)), 1) }),
    (chain, params) => {
      chain.advanceEpochs(params.count)
      return headOf(chain)
    },
  ),
  dcml_impersonate: dev(object({ accountId }), (chain, params) => {
    chain.impersonate(params.accountId)
    return {}
  }),
  dcml_stop_impersonating: dev(object({ accountId }), (chain, params) => {
    chain.stopImpersonating(params.accountId)
    return {}
  }),
  dcml_silence: dev(object({ validators: v.array(accountId) }), (chain, { validators }) => {
    chain.silence(validators)
    return {}
  }),
  dcml_inject_fault: dev(fault, injectFault),
  dcml_clear_faults: dev(object({}), (chain) => {
    chain.faults.clear()
    return {}
  }),
  dcml_trace: dev(object({ hash }), (chain, params) => traceView(chain.trace(params.hash))),
  /** The key genesis gave an account: development only. */
  dcml_account_key: dev(object({ accountId }), (chain, params) => {
    const { publicKey, secretKey } = chain.keyOf(params.accountId)
    return { publicKey, secretKey }
  }),
  /** All of the state as `StateRecord`s, as `view-state dump-state` writes them. */
  dcml_dump_state: dev(object({}), (chain) => ({ records: [...dumpRecords(chain.stateAfter(chain.head))] })),
}
