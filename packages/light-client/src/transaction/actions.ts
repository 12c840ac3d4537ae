// Actions on the wire (nearcore `core/primitives/src/action`, tags as of protocol version 86).
import { bytes, type Layout, list, struct, text, u64, u128 } from '@dcml/protocol'
import { accountIdLayout } from '../wire/account-id.ts'
import { publicKeyLayout, signatureLayout } from '../wire/keys.ts'
import { union } from '../wire/union.ts'
import { accessKeyLayout, globalContractMode, UNBOUNDED } from './access-key.ts'
import { type KeyNonce, keyNonceLayout } from './nonce.ts'
import { globalContractLayout, stateInitLayout } from './state-init.ts'
import type { Action, DelegateAction, DelegateActionV2 } from './types.ts'

type Delegated = Exclude<Action, { type: 'Delegate' | 'DelegateV2' }>

const code = bytes(UNBOUNDED)

const plain = {
  CreateAccount: [0, struct<object>({})],
  DeployContract: [1, struct({ code })],
  FunctionCall: [2, struct({ methodName: text(UNBOUNDED), args: bytes(UNBOUNDED), gas: u64, deposit: u128 })],
  Transfer: [3, struct({ deposit: u128 })],
  Stake: [4, struct({ stake: u128, publicKey: publicKeyLayout })],
  AddKey: [5, struct({ publicKey: publicKeyLayout, accessKey: accessKeyLayout })],
  DeleteKey: [6, struct({ publicKey: publicKeyLayout })],
  DeleteAccount: [7, struct({ beneficiaryId: accountIdLayout })],
  DeployGlobalContract: [9, struct({ code, mode: globalContractMode })],
  UseGlobalContract: [10, struct({ contract: globalContractLayout })],
  DeterministicStateInit: [11, struct({ stateInit: stateInitLayout, deposit: u128 })],
  TransferToGasKey: [12, struct({ publicKey: publicKeyLayout, deposit: u128 })],
  WithdrawFromGasKey: [13, struct({ publicKey: publicKeyLayout, amount: u128 })],
} as const

/** Without the two delegates: one inside another is not even readable. */
const delegated = list(union<Delegated>('delegated action', plain), UNBOUNDED) as Layout<readonly Action[]>

/** The body of a NEP-366 delegate action, without the prefix it is signed with. */
export const delegateActionLayout: Layout<DelegateAction> = struct<DelegateAction>({
  senderId: accountIdLayout,
  receiverId: accountIdLayout,
  actions: delegated,
  nonce: u64,
  maxBlockHeight: u64,
  publicKey: publicKeyLayout,
})

interface WireDelegateV2 extends Omit<DelegateAction, 'nonce'> {
  readonly type: 'V2'
  readonly nonce: KeyNonce
}

const versionedDelegate = union<WireDelegateV2>('delegate action version', {
  V2: [
    0,
    struct<Omit<WireDelegateV2, 'type'>>({
      senderId: accountIdLayout,
      receiverId: accountIdLayout,
      actions: delegated,
      nonce: keyNonceLayout,
      maxBlockHeight: u64,
      publicKey: publicKeyLayout,
    }),
  ],
})

/** The body of a NEP-611 delegate action with its version tag, without the prefix it is signed with. */
export const delegateActionV2Layout: Layout<DelegateActionV2> = {
  write({ nonce, nonceIndex, ...rest }, out) {
    versionedDelegate.write(
      { ...rest, type: 'V2', nonce: { nonce, ...(nonceIndex !== undefined && { nonceIndex }) } },
      out,
    )
  },
  read(cursor) {
    const { type: _, nonce, ...rest } = versionedDelegate.read(cursor)
    return { ...rest, ...nonce }
  },
}

/** One action with its tag. */
export const actionLayout: Layout<Action> = union<Action>('action', {
  ...plain,
  Delegate: [8, struct({ delegateAction: delegateActionLayout, signature: signatureLayout })],
  DelegateV2: [14, struct({ delegateAction: delegateActionV2Layout, signature: signatureLayout })],
})

/** The actions of a transaction or an action receipt. */
export const actionsLayout: Layout<readonly Action[]> = list(actionLayout, UNBOUNDED) as Layout<readonly Action[]>
