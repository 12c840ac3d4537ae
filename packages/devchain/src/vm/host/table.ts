import type { Params } from '../../params/types.ts'
import { actions } from './actions.ts'
import { context } from './context.ts'
import { curves } from './curves.ts'
import type { HostTable } from './define.ts'
import { economics } from './economics.ts'
import { globalContracts } from './global-contracts.ts'
import { hashes } from './hashes.ts'
import { keys } from './keys.ts'
import { misc } from './misc.ts'
import { promises } from './promises.ts'
import { registers } from './registers.ts'
import { signatures } from './signatures.ts'
import { storage } from './storage.ts'
import { yields } from './yields.ts'

const all: HostTable = {
  ...registers,
  ...context,
  ...economics,
  ...hashes,
  ...signatures,
  ...curves,
  ...misc,
  ...promises,
  ...actions,
  ...keys,
  ...globalContracts,
  ...yields,
  ...storage,
}

/** What contracts may import at a version: 89 functions at 86 (nearcore `imports.rs`). */
export const hostFunctions = (params: Params): HostTable =>
  Object.fromEntries(Object.entries(all).filter(([, { flag }]) => flag === null || params.flags[flag]))
