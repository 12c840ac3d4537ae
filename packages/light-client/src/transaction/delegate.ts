// What the sender of a delegate action signs: a prefix that no transaction can start with (NEP-461), then the action.
import { concatBytes, encode, u32 } from '@dcml/protocol'
import { hashOf } from '../wire/hash.ts'
import { delegateActionLayout, delegateActionV2Layout } from './actions.ts'
import type { CryptoHash, DelegateAction, DelegateActionV2 } from './types.ts'

const ON_CHAIN = 2 ** 30
const NEP_366 = ON_CHAIN + 366
const NEP_611 = ON_CHAIN + 611

/** The bytes whose hash is signed for {@link DelegateAction}. @throws DcmlError like `encodeTransaction` */
export const delegateActionBytes = (action: DelegateAction): Uint8Array<ArrayBuffer> =>
  concatBytes(encode(u32, NEP_366), encode(delegateActionLayout, action))

/** The bytes whose hash is signed for {@link DelegateActionV2}. @throws DcmlError like `encodeTransaction` */
export const delegateActionV2Bytes = (action: DelegateActionV2): Uint8Array<ArrayBuffer> =>
  concatBytes(encode(u32, NEP_611), encode(delegateActionV2Layout, action))

/** Message of the signature of a NEP-366 delegate action. */
export const delegateActionHash = (action: DelegateAction): CryptoHash => hashOf(delegateActionBytes(action))

/** Message of the signature of a NEP-611 delegate action: never that of a NEP-366 one. */
export const delegateActionV2Hash = (action: DelegateActionV2): CryptoHash => hashOf(delegateActionV2Bytes(action))
