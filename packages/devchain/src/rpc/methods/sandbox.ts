// What near-sandbox adds to a node for tests.
import { DcmlError } from '@dcml/protocol'
import * as v from 'valibot'
import { parseFault } from '../fault.ts'
import { type Method, method } from '../method.ts'

/** Keys beside `records` are ignored: near-workspaces sends an `account_id`. */
const patchState = method(v.object({ records: v.array(v.unknown()) }), ({ chain }, { records }) => {
  try {
    chain.patchState(records)
  } catch (error) {
    if (DcmlError.isInstance(error) && error.code === 'devchain_record_invalid')
      throw parseFault(`Failed parsing args: ${error.message}`)
    throw error
  }
  return {}
})

/** Epochs are crossed one by one: this many heights take seconds, and nothing else is answered meanwhile. */
const MAX_DELTA = 1_000_000

const delta = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(MAX_DELTA))
const fastForward = method(v.object({ delta_height: delta }), ({ chain }, { delta_height }) => {
  if (delta_height > 0) chain.fastForward(delta_height)
  return {}
})

export const sandboxMethods: Readonly<Record<string, Method>> = {
  sandbox_patch_state: patchState,
  sandbox_fast_forward: fastForward,
}
