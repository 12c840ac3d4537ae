import type { Action } from '@dcml/light-client'
import { formatAmount, toHex } from '@dcml/protocol'
import type { StorageChange, Trace, TraceNode } from './trace.ts'

/** Longest value shown; the rest is counted. */
const SHOWN = 48
const COSTS = 5

/** A trace as text: one line per receipt, and under it what it logged, changed and burnt gas on. */
export function renderTrace({ transaction, root, gasBurnt }: Trace): string {
  const { signerId, receiverId } = transaction.transaction
  const lines = [`${transaction.hash} ${signerId} → ${receiverId}, ${teraGas(gasBurnt)} burnt`]
  for (const child of root.children) lines.push(...nodeLines(child, ''))
  if (root.error) lines.push(`✗ ${root.error}`)
  return lines.join('\n')
}

function nodeLines(node: TraceNode, indent: string): string[] {
  const mark = node.outcome === null ? '…' : node.error === null ? '✓' : '✗'
  const where = node.receipt ? `${node.receipt.predecessorId} → ${node.receipt.receiverId}` : node.id
  const what = node.actions.map(actionText).join(', ')
  const gas = node.outcome ? `, block ${node.height}, ${teraGas(node.outcome.gasBurnt)}` : ', waiting'
  const inner = `${indent}  `
  return [
    `${indent}${mark} ${where}: ${what}${gas}`,
    ...(node.error === null ? [] : [`${inner}error: ${node.error}`]),
    ...(node.outcome?.logs ?? []).map((log) => `${inner}log: ${log}`),
    ...node.storage.map((change) => `${inner}storage: ${changeText(change)}`),
    ...profileLines(node).map((line) => `${inner}gas: ${line}`),
    ...node.children.flatMap((child) => nodeLines(child, inner)),
  ]
}

function actionText(action: Action): string {
  switch (action.type) {
    case 'FunctionCall':
      return `${action.methodName}(${text(action.args)})${action.deposit > 0n ? ` with ${formatAmount(action.deposit)}` : ''}`
    case 'Transfer':
      return `Transfer ${formatAmount(action.deposit)}`
    default:
      return action.type
  }
}

const changeText = ({ accountId, key, before, after }: StorageChange): string =>
  `${accountId}[${text(key)}] ${before ? text(before) : '∅'} → ${after ? text(after) : '∅'}`

/** The largest costs, and the sum of the others. */
function profileLines({ outcome }: TraceNode): string[] {
  const costs = [...(outcome?.profile ?? [])].sort(([, a], [, b]) => (a < b ? 1 : -1))
  const others = costs.slice(COSTS).reduce((sum, [, gas]) => sum + gas, 0n)
  const shown = costs.slice(0, COSTS).map(([name, gas]) => `${name} ${teraGas(gas)}`)
  return others > 0n ? [...shown, `others ${teraGas(others)}`] : shown
}

const teraGas = (gas: bigint): string => `${(Number(gas) / 1e12).toFixed(3)} Tgas`

/** As text where it is printable, else in hex. */
function text(bytes: Uint8Array): string {
  const start = bytes.subarray(0, SHOWN)
  const decoded = new TextDecoder().decode(start)
  const shown = /^[\x20-\x7e]*$/.test(decoded) ? decoded : `0x${toHex(start)}`
  return bytes.length > SHOWN ? `${shown}… ${bytes.length} bytes` : shown
}
