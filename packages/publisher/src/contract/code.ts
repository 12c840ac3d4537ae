import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Cancellable, type Near, sendTransaction } from '@dcml/near'
import { DcmlError } from '@dcml/protocol'
import { actions, baseEncode } from 'near-api-js'
import type { OwnerOptions } from './owner.ts'

/** The model contract's code, as every model runs it. */
export interface ModelCode {
  readonly wasm: Uint8Array
  /** Its SHA-256 in base58: what `view_account` shows of an account that runs it. */
  readonly codeHash: string
}

/** Reads the code that `@dcml/contract-model` holds. */
export function modelCode(): ModelCode {
  const wasm = Uint8Array.from(readFileSync(createRequire(import.meta.url).resolve('@dcml/contract-model/model.wasm')))
  return { wasm, codeHash: baseEncode(createHash('sha256').update(wasm).digest()) }
}

/** Whether accounts of the network can use the code by its hash. */
export async function isPublished(near: Near, codeHash: string, options: Cancellable = {}): Promise<boolean> {
  const query = { request_type: 'view_global_contract_code', code_hash: codeHash, finality: 'optimistic' }
  try {
    await near.request('query', query, options)
    return true
  } catch (error) {
    if (DcmlError.isInstance(error) && error.code === 'near_code_unknown') return false
    throw error
  }
}

/**
 * Publishes the code as a global contract, once for all models of a network: {@link DeploymentCost.code} is burnt.
 * Waits until the node shows it.
 * @returns hash of the transaction
 * @throws DcmlError `code_not_spread`, and what `sendTransaction` throws
 */
export async function publishModelCode({ near, account, ...rest }: Omit<OwnerOptions, 'contract'>): Promise<string> {
  const publish = actions.deployGlobalContract(modelCode().wasm, 'codeHash')
  const { hash } = await sendTransaction(near, { ...rest, account, receiverId: account.accountId, actions: [publish] })
  // NEAR hands the code from shard to shard after the transaction has ended
  const { codeHash } = modelCode()
  const cancel = rest.signal === undefined ? {} : { signal: rest.signal }
  for (let patience = 120; !(await isPublished(near, codeHash, cancel)); patience--) {
    if (patience === 0)
      throw new DcmlError('code_not_spread', `The code ${codeHash} is paid for, but the node does not show it yet.`, {
        hint: 'Deploy again later: it is not paid for twice.',
        retryable: true,
        details: { hash, codeHash },
      })
    await sleep(500, undefined, cancel)
  }
  return hash
}
