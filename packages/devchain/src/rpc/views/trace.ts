// A trace as our own JSON: bytes in base64, gas as numbers, amounts as decimal strings.

import { statusView } from '../../chain/outcome-view.ts'
import type { Trace, TraceNode } from '../../chain/trace.ts'
import { toBase64, u64Json } from '../../wire/json/scalars.ts'
import { actionView } from './action.ts'

export const traceView = ({ transaction, root, gasBurnt }: Trace) => ({
  signerId: transaction.transaction.signerId,
  receiverId: transaction.transaction.receiverId,
  gasBurnt: u64Json(gasBurnt),
  root: nodeView(root),
})

const optionalBytes = (bytes: Uint8Array | undefined): string | null => (bytes ? toBase64(bytes) : null)

const nodeView = ({ id, receipt, actions, outcome, height, error, storage, children }: TraceNode): object => ({
  id,
  height,
  ...(receipt && { predecessorId: receipt.predecessorId, receiverId: receipt.receiverId }),
  actions: actions.map(actionView),
  error,
  ...(outcome && {
    status: statusView(outcome.status),
    logs: outcome.logs,
    gasBurnt: u64Json(outcome.gasBurnt),
    tokensBurnt: outcome.tokensBurnt.toString(),
    gasProfile: Object.fromEntries([...outcome.profile].map(([cost, gas]) => [cost, u64Json(gas)])),
  }),
  storage: storage.map(({ accountId, key, before, after }) => ({
    accountId,
    key: toBase64(key),
    before: optionalBytes(before),
    after: optionalBytes(after),
  })),
  children: children.map(nodeView),
})
