import type { LightClientState } from '@dcml/light-client'
import { DcmlError, utf8 } from '@dcml/protocol'
import { actions } from 'near-api-js'
import type { NearAccount } from './account.ts'
import type { Near } from './connection.ts'
import { tgas } from './contract/contract.ts'
import { fetchProof } from './proofs.ts'
import { sendTransaction } from './transaction.ts'
import { viewContract } from './view.ts'

/** A row that is never removed, in yoctoNEAR: what the first claim of an enclave's key pays. */
const ROW = 5n * 10n ** 21n
const GAS = tgas(15)

/** A call of the anchor contract that an enclave signed, as `AnchorCall` of `@dcml/runtime`. */
export interface AnchorRequest {
  readonly contract: string
  readonly method: 'claim' | 'advance'
  readonly args: Readonly<Record<string, string>>
}

/**
 * Carries an enclave's marks to the anchor contract, and the proofs back: the `relay` of `chainDevice` in
 * `@dcml/runtime`. The account pays gas, and 0.005 NEAR for each new enclave; it can hold marks back and no more.
 * @throws DcmlError what `sendTransaction` and `fetchProof` throw, but for a refusal of the contract
 */
export function anchorRelay({ near, account }: { near: Near; account: NearAccount }) {
  const isKnown = async ({ contract: contractId, args }: AnchorRequest): Promise<boolean> => {
    const asked = utf8(JSON.stringify({ device_key: args.device_key }))
    const { value } = await viewContract(near, { contractId, method: 'mark', args: asked })
    return new TextDecoder().decode(value) !== 'null'
  }
  return {
    async submit(request: AnchorRequest, from: LightClientState) {
      const deposit = request.method === 'claim' && !(await isKnown(request)) ? ROW : 0n
      const call = actions.functionCall(request.method, request.args, GAS, deposit)
      try {
        const { transaction } = await sendTransaction(near, { account, receiverId: request.contract, actions: [call] })
        const { blocks, proof } = await fetchProof(near, { transaction, state: from })
        return { from: from.headHash, blocks: [...blocks], proof: { ...proof, outcomes: [...proof.outcomes] } }
      } catch (error) {
        if (DcmlError.isInstance(error) && error.code === 'near_contract_failed') return { refused: error.message }
        throw error
      }
    },
  }
}
