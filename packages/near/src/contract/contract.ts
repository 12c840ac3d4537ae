import { DcmlError, parseAmount, utf8 } from '@dcml/protocol'
import { actions } from 'near-api-js'
import type { NearAccount } from '../account.ts'
import type { Cancellable, Near } from '../connection.ts'
import type { NearEvent } from '../event.ts'
import { type SendOptions, type Sent, sendTransaction, type WaitUntil } from '../transaction.ts'
import { type ViewOptions, viewContract } from '../view.ts'
import { type Abi, type AbiFunction, type JsonSchema, parseAbi } from './abi.ts'
import { fromJson, toJson } from './value.ts'

/** How a call is sent and paid. */
export interface CallOptions extends Cancellable, Pick<SendOptions, 'onSigned'> {
  readonly account: NearAccount
  /** yoctoNEAR, or "1.5 NEAR", "1 yocto". Default: what the ABI says the method takes, else nothing. */
  readonly deposit?: bigint | string
  /** Gas the call may use. Default 100 Tgas. */
  readonly gas?: bigint
  readonly waitUntil?: WaitUntil
}

/** What a call returned, with the transaction it happened in. */
export interface Called<T> extends Omit<Sent, 'value'> {
  readonly value: T
}

/** 10^12 gas; NEAR's limit for a transaction is 1,000, and old wallets know 300. */
export const tgas = (amount: number): bigint => BigInt(Math.round(amount * 1e12))

/** What every generated client has besides its methods. */
export interface ContractClient<E> {
  readonly contractId: string
  readonly abi: Abi
  /** Types an event by the ABI; null for another contract's, or one the ABI does not know. */
  parseEvent(event: NearEvent): (NearEvent & E) | null
}

/** Makes clients of one kind of contract; generated files export one. */
export type ContractType<Methods, E> = (near: Near, contractId: string) => Methods & ContractClient<E>

/**
 * What a generated client stands on: methods by the names of the ABI, arguments and results converted and checked by
 * its schemas.
 * @throws DcmlError `near_abi_invalid`; the methods throw `near_argument_invalid` (nothing was sent),
 * `near_deposit_invalid`, `near_answer_invalid`, and what viewing and sending throw
 */
export function contractType<Methods, E = never>(input: unknown): ContractType<Methods, E> {
  const abi = parseAbi(input)
  const { definitions = {} } = abi.body.root_schema
  const argsOf = ({ params }: AbiFunction): JsonSchema => ({
    type: 'object',
    properties: Object.fromEntries((params?.args ?? []).map(({ name, type_schema }) => [name, type_schema])),
    required: (params?.args ?? []).filter(({ type_schema }) => !isOptional(type_schema)).map(({ name }) => name),
    additionalProperties: false,
  })

  return (near, contractId) => {
    const encode = (method: AbiFunction, args: unknown) =>
      utf8(JSON.stringify(toJson(argsOf(method), args ?? {}, definitions, `${contractId}.${method.name}`)))
    const decode = (method: AbiFunction, bytes: Uint8Array): unknown =>
      method.result === undefined
        ? undefined
        : fromJson(
            method.result.type_schema,
            parseJson(bytes, method.name),
            definitions,
            `${contractId}.${method.name}`,
          )

    const view =
      (method: AbiFunction) =>
      async (args: unknown, options: ViewOptions = {}) => {
        const { value } = await viewContract(near, {
          ...options,
          contractId,
          method: method.name,
          args: encode(method, args),
        })
        return decode(method, value)
      }
    const call = (method: AbiFunction) => async (args: unknown, options: CallOptions) => {
      const { deposit: _, gas = tgas(100), ...rest } = options
      const deposit = depositOf(method, options.deposit)
      const action = actions.functionCall(method.name, encode(method, args), gas, deposit)
      const sent = await sendTransaction(near, { ...rest, receiverId: contractId, actions: [action] })
      try {
        return { ...sent, value: decode(method, sent.value) }
      } catch (cause) {
        throw new DcmlError('near_answer_invalid', cause instanceof Error ? cause.message : String(cause), {
          hint: 'The call happened, and its transaction is in the details: do not send it again. The deployed contract is not the one this client was generated from.',
          details: { hash: sent.hash, signerId: sent.signerId },
          cause,
        })
      }
    }
    const offered = abi.body.functions.filter(isOffered)
    const methods = offered.map((method) => [method.name, method.kind === 'view' ? view(method) : call(method)])
    const parseEvent = (event: NearEvent) => {
      const found = abi.body.events.find((item) => item.standard === event.standard && item.event === event.event)
      if (found === undefined || event.contractId !== contractId) return null
      return { ...event, data: fromJson(found.data, event.data, definitions, `event ${event.event}`) }
    }
    return Object.assign(Object.fromEntries(methods), { contractId, abi, parseEvent })
  }
}

/**
 * Callbacks are the contract's own; what sets it up is for whoever holds its account. A method `then` would make the
 * client a promise, which `await` calls.
 */
export const isOffered = ({ name, modifiers }: AbiFunction): boolean =>
  name !== 'then' && (!modifiers.includes('private') || modifiers.includes('init'))

/** A field that may be null may be left out. */
export const isOptional = (schema: JsonSchema): boolean => schema.anyOf?.some(({ type }) => type === 'null') ?? false

function parseJson(bytes: Uint8Array, method: string): unknown {
  try {
    return bytes.length === 0 ? null : JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (cause) {
    throw new DcmlError('near_answer_invalid', `${method} returned what is not JSON.`, {
      hint: 'The deployed contract is not the one this client was generated from.',
      cause,
    })
  }
}

function depositOf(method: AbiFunction, given: bigint | string | undefined): bigint {
  const { deposit: rule, modifiers, name } = method
  const wanted = rule === undefined ? 0n : BigInt('exactly' in rule ? rule.exactly : rule.at_least)
  const deposit = given === undefined ? wanted : typeof given === 'bigint' ? given : parseAmount(given)
  const refuse = (why: string): never => {
    throw new DcmlError('near_deposit_invalid', `${name} ${why}, not ${deposit} yocto.`, {
      hint: 'Correct the deposit; nothing was sent.',
    })
  }
  if (deposit > 0n && !modifiers.includes('payable')) refuse('takes no deposit')
  if (rule !== undefined && 'exactly' in rule && deposit !== wanted) refuse(`takes exactly ${wanted} yocto`)
  if (rule !== undefined && 'at_least' in rule && deposit < wanted) refuse(`takes at least ${wanted} yocto`)
  return deposit
}
