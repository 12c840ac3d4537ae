// One shard's state transition (nearcore `Runtime::apply`).
import { delayedReceiptIndices, popDelayedReceipt, pushDelayedReceipt } from '../state/index.ts'
import { encodeReceipt } from '../wire/receipt.ts'
import type { Receipt } from '../wire/types.ts'
import { Chunk } from './chunk.ts'
import { receiptGas, receiptValue } from './cost.ts'
import { processReceipt } from './receipts.ts'
import { processTransactions } from './transactions.ts'
import type { BlockContext, ChunkInput, ChunkResult } from './types.ts'
import { updateValidators } from './validators.ts'
import { expireYields } from './yields.ts'

/**
 * Applies a block's transactions and receipts to its state: validators' accounts first, then transactions, then the
 * receipts they sent to their own signers, those left over by fuller blocks, those that arrive, and yields out of time.
 * Pure: the same input and context give the same result.
 */
export function applyChunk(input: ChunkInput, context: BlockContext): ChunkResult {
  const chunk = new Chunk(input, context)
  if (input.validatorUpdate) updateValidators(chunk, input.validatorUpdate)
  const { first, next } = delayedReceiptIndices(chunk.state)
  processTransactions(chunk, input.transactions)
  for (const receipt of chunk.local) runOrDelay(chunk, receipt)
  for (let left = next - first; left > 0n && !chunk.isFull; left--) runDelayed(chunk)
  for (const receipt of input.incoming) runOrDelay(chunk, receipt)
  expireYields(chunk)
  return chunk.result()
}

function runOrDelay(chunk: Chunk, receipt: Receipt): void {
  if (chunk.isFull) delay(chunk, receipt)
  else run(chunk, receipt)
}

/** Only what earlier blocks left: a receipt delayed now waits for the next. */
function runDelayed(chunk: Chunk): void {
  const stored = popDelayedReceipt(chunk.state)
  chunk.commit({ type: 'updated_delayed_receipts' })
  if (stored) run(chunk, stored.receipt)
}

function delay(chunk: Chunk, receipt: Receipt): void {
  const { body, receiverId } = receipt
  pushDelayedReceipt(chunk.state, {
    receipt,
    congestionGas: body.type === 'Action' ? receiptGas(chunk.context.params, body.actions, receiverId) : 0n,
    congestionSize: BigInt(encodeReceipt(receipt).length),
  })
  chunk.commit({ type: 'updated_delayed_receipts' })
}

/** With the receipts that must follow it at once. */
function run(chunk: Chunk, receipt: Receipt): void {
  process(chunk, receipt)
  for (let next = chunk.instant.shift(); next; next = chunk.instant.shift()) process(chunk, next)
}

const INJECTED = { FunctionCallError: { ExecutionError: 'Fault injected by the development chain' } } as const

function process(chunk: Chunk, receipt: Receipt): void {
  switch (chunk.context.fault?.(receipt) ?? 'run') {
    case 'run':
      processReceipt(chunk, receipt)
      break
    case 'delay':
      delay(chunk, receipt)
      break
    case 'drop':
      chunk.balanceBurnt += receiptValue(chunk.context.params, receipt)
      break
    case 'fail':
      processReceipt(chunk, failed(receipt), INJECTED)
  }
}

/** What arrives is the data of a failed promise. */
function failed(receipt: Receipt): Receipt {
  const { body } = receipt
  return body.type === 'Data' || body.type === 'PromiseResume' ? { ...receipt, body: { ...body, data: null } } : receipt
}
