// What a host function refuses (nearcore `HostError`), in the words of its Display, which RPC shows, and of its Debug,
// which a view's error is made of.
import { debugStruct } from './rust-debug.ts'

interface Limited {
  readonly length: number
  readonly limit: number
}
interface Message {
  readonly msg: string
}

const texts = {
  BadUTF8: () => 'String encoding is bad UTF-8 sequence.',
  BadUTF16: () => 'String encoding is bad UTF-16 sequence.',
  GasExceeded: () => 'Exceeded the prepaid gas.',
  GasLimitExceeded: () => 'Exceeded the maximum amount of gas allowed to burn per contract.',
  BalanceExceeded: () => 'Exceeded the account balance.',
  EmptyMethodName: () => 'Tried to call an empty method name.',
  GuestPanic: (of: { panic_msg: string }) => `Smart contract panicked: ${of.panic_msg}`,
  IntegerOverflow: () => 'Integer overflow.',
  InvalidPromiseIndex: (of: { promise_idx: bigint }) => `${of.promise_idx} does not correspond to existing promises`,
  InvalidActionIndex: (of: { receipt_index: number; action_index: bigint }) =>
    `Action ${of.action_index} in receipt ${of.receipt_index} does not exist or has the wrong type of action.`,
  CannotAppendActionToJointPromise: () => 'Actions can only be appended to non-joint promise.',
  CannotReturnJointPromise: () => 'Returning joint promise is currently prohibited.',
  CannotSetRefundToOnJointPromise: () => 'Setting refund_to on a joint promise is prohibited.',
  InvalidPromiseResultIndex: (of: { result_idx: bigint }) => `Accessed invalid promise result index: ${of.result_idx}`,
  InvalidRegisterId: (of: { register_id: bigint }) => `Accessed invalid register id: ${of.register_id}`,
  MemoryAccessViolation: () => 'Accessed memory outside the bounds.',
  InvalidAccountId: () => 'VM Logic returned an invalid account id',
  InvalidMethodName: () => 'VM Logic returned an invalid method name',
  InvalidPublicKey: () => 'VM Logic provided an invalid public key',
  ProhibitedInView: (of: { method_name: string }) => `${of.method_name} is not allowed in view calls`,
  NumberOfLogsExceeded: (of: { limit: number }) => `The number of logs will exceed the limit ${of.limit}`,
  KeyLengthExceeded: (of: Limited) => `The length of a storage key ${of.length} exceeds the limit ${of.limit}`,
  ValueLengthExceeded: (of: Limited) => `The length of a storage value ${of.length} exceeds the limit ${of.limit}`,
  TotalLogLengthExceeded: (of: Limited | { length: bigint; limit: number }) =>
    `The length of a log message ${of.length} exceeds the limit ${of.limit}`,
  NumberPromisesExceeded: (of: { number_of_promises: number; limit: number }) =>
    `The number of promises within a FunctionCall ${of.number_of_promises} exceeds the limit ${of.limit}`,
  NumberInputDataDependenciesExceeded: (of: { number_of_input_data_dependencies: number; limit: number }) =>
    `The number of input data dependencies ${of.number_of_input_data_dependencies} exceeds the limit ${of.limit}`,
  ReturnedValueLengthExceeded: (of: Limited) =>
    `The length of a returned value ${of.length} exceeds the limit ${of.limit}`,
  ContractSizeExceeded: (of: { size: number; limit: number }) =>
    `The size of a contract code in DeployContract action ${of.size} exceeds the limit ${of.limit}`,
  Deprecated: (of: { method_name: string }) => `Attempted to call deprecated host function ${of.method_name}`,
  ECRecoverError: (of: Message) => `ECDSA recover error: ${of.msg}`,
  AltBn128InvalidInput: (of: Message) => `AltBn128 invalid input: ${of.msg}`,
  Ed25519VerifyInvalidInput: (of: Message) => `ED25519 signature verification error: ${of.msg}`,
  P256VerifyInvalidInput: (of: Message) => `P256 signature verification error: ${of.msg}`,
  BLS12381InvalidInput: (of: Message) => `BLS12-381 invalid input: ${of.msg}`,
  YieldPayloadLength: (of: Limited) =>
    `Yield resume payload is ${of.length} bytes which exceeds the ${of.limit} byte limit`,
  DataIdMalformed: () => 'yield resumption token is malformed',
  YieldIdMalformed: () => 'yield id is malformed',
  ContractCodeHashMalformed: () => 'contract code hash is malformed',
  DataEntryAlreadyExists: () => 'Data entry for given key already exists',
} as const

export type HostErrorKind = keyof typeof texts

/** Thrown by host functions; ends the call. */
export class HostError extends Error {
  readonly kind: HostErrorKind
  /** Rust's Debug of the error, e.g. `GuestPanic { panic_msg: "no" }`. */
  readonly debug: string

  constructor(kind: HostErrorKind, message: string, debug: string) {
    super(message)
    this.name = 'HostError'
    this.kind = kind
    this.debug = debug
  }
}

export function hostError<Kind extends HostErrorKind>(
  kind: Kind,
  ...fields: Parameters<(typeof texts)[Kind]>
): HostError {
  const text = texts[kind] as (fields: unknown) => string
  return new HostError(kind, text(fields[0]), debugStruct(kind, fields[0] ?? {}))
}
