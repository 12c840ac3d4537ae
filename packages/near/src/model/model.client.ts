// A typed client of the contract "model", made from its ABI by @dcml/near. Do not edit: generate it again.
import { type CallOptions, type Called, type ContractType, type ViewOptions, contractType } from '../index.ts'

export type PricePair = { readonly input: bigint; readonly output: bigint }

export type Terms = { readonly owner: string; readonly beneficiary: string; readonly model_h: Uint8Array; readonly key_epoch: number; readonly image_hs: readonly (Uint8Array)[]; readonly prices: PricePair; readonly challenge_period: bigint; readonly expiry: bigint; readonly close_fee: bigint; readonly next_channel: bigint }

export type Provider = { readonly endpoint: string; readonly prices: PricePair; readonly por_account?: string | null | undefined; readonly free: bigint; readonly locked: bigint; readonly sessions: number }

export type ChannelPrices = { readonly owner_input: bigint; readonly owner_output: bigint; readonly host_input: bigint; readonly host_output: bigint }

export type Closing = { readonly deadline: bigint; readonly fee: bigint }

export type Channel = { readonly payer: string; readonly provider: string; readonly beneficiary: string; readonly por_account?: string | null | undefined; readonly payer_key: Uint8Array; readonly session_key: Uint8Array; readonly challenge: Uint8Array; readonly seed: Uint8Array; readonly prices: ChannelPrices; readonly key_epoch: number; readonly deposited: bigint; readonly opened_at: bigint; readonly expires_at: bigint; readonly closing?: Closing | null | undefined }

export type Totals = { readonly deposited: bigint; readonly collateral: bigint; readonly owed: bigint; readonly fees: bigint; readonly storage: bigint }

/** What Model offers. */
export interface Model {
  /** Runs once, first. */
  open(args: { readonly owner: string; readonly beneficiary: string; readonly model_h: Uint8Array; readonly prices: PricePair; readonly image_hs: readonly (Uint8Array)[]; readonly challenge_period_ms: bigint; readonly expiry_ms: bigint; readonly close_fee: bigint }, options: CallOptions): Promise<Called<void>>
  /** The owner's prices for channels opened from now on. Takes 1 yocto. */
  set_prices(args: { readonly prices: PricePair }, options: CallOptions): Promise<Called<void>>
  /** The workloads that may serve this model. Takes 1 yocto. */
  set_images(args: { readonly image_hs: readonly (Uint8Array)[] }, options: CallOptions): Promise<Called<void>>
  /** The model's secret key was rotated; epochs only grow. Takes 1 yocto. */
  set_key_epoch(args: { readonly key_epoch: number }, options: CallOptions): Promise<Called<void>>
  /** Who earns on channels opened from now on. Takes 1 yocto. */
  set_beneficiary(args: { readonly beneficiary: string }, options: CallOptions): Promise<Called<void>>
  /** The caller will host the model. What is attached beyond 0.015 NEAR of storage is its collateral. Takes a deposit. */
  register_provider(args: { readonly endpoint: string; readonly prices: PricePair; readonly por_account?: string | null | undefined }, options: CallOptions): Promise<Called<void>>
  /** A provider's endpoint, prices and Proof of Response contract, for channels opened from now on. */
  update_provider(args: { readonly endpoint: string; readonly prices: PricePair; readonly por_account?: string | null | undefined }, options: CallOptions): Promise<Called<void>>
  /** Takes a deposit. */
  deposit_collateral(args: Record<string, never>, options: CallOptions): Promise<Called<void>>
  /** Takes out collateral that no channel locks. Takes 1 yocto. */
  withdraw_collateral(args: { readonly amount: bigint }, options: CallOptions): Promise<Called<void>>
  /** An enclave of the caller's signs with this key; 0.0025 NEAR of free collateral pay for its storage. */
  admit_session(args: { readonly session_key: Uint8Array }, options: CallOptions): Promise<Called<void>>
  /** No further channel may name this key. */
  dismiss_session(args: { readonly session_key: Uint8Array }, options: CallOptions): Promise<Called<void>>
  /** Ends the caller's registration and returns all it paid, once no channel and no session is left. Takes 1 yocto. */
  leave(args: Record<string, never>, options: CallOptions): Promise<Called<void>>
  /** Opens a channel; what is attached beyond 0.015 NEAR of storage is the deposit. Returns the channel's id. Takes a deposit. */
  open_channel(args: { readonly provider: string; readonly challenge: Uint8Array; readonly session_key: Uint8Array; readonly payer_key: Uint8Array; readonly max_owner_prices: PricePair; readonly max_provider_prices: PricePair }, options: CallOptions): Promise<Called<bigint>>
  /** Logs again what a channel is, for its host: nodes drop the block of the opening after days, and an enclave that was never shown it has to approve. Anyone may call it, and nothing changes. */
  tell_channel(args: { readonly channel_id: bigint }, options: CallOptions): Promise<Called<void>>
  /** The payer adds what it attached to the deposit. Takes a deposit. */
  top_up(args: { readonly channel_id: bigint }, options: CallOptions): Promise<Called<void>>
  /** Ends a channel with the enclave's approval; anyone may bring it. */
  close(args: { readonly channel_id: bigint; readonly challenge: Uint8Array; readonly prompt_tokens: bigint; readonly completion_tokens: bigint; readonly spent: bigint; readonly counter: bigint; readonly signature: Uint8Array }, options: CallOptions): Promise<Called<void>>
  /** The same for a forced closure, within the challenge period. */
  answer_close(args: { readonly channel_id: bigint; readonly challenge: Uint8Array; readonly prompt_tokens: bigint; readonly completion_tokens: bigint; readonly spent: bigint; readonly counter: bigint; readonly signature: Uint8Array }, options: CallOptions): Promise<Called<void>>
  /** The payer forces the closure without an approval, attaching the closing fee. Takes a deposit. */
  start_close(args: { readonly channel_id: bigint }, options: CallOptions): Promise<Called<void>>
  /** Anyone forces the closure of a channel that has expired, free of charge. */
  expire(args: { readonly channel_id: bigint }, options: CallOptions): Promise<Called<void>>
  /** Nobody answered in time: the payer is made whole, the lock goes to the beneficiary. */
  finish_close(args: { readonly channel_id: bigint }, options: CallOptions): Promise<Called<void>>
  /** The payer closes because the host was cut off from its Proof of Response network after the opening (paper §6.2). */
  close_disconnected(args: { readonly channel_id: bigint }, options: CallOptions): Promise<Called<boolean>>
  /** The payer closes because the host answered its closure request over Proof of Response with anything but the approval (paper §6.2, §9). The contract judges the evidence itself, and asks only for the host's node key. */
  close_invalid_response(args: { readonly channel_id: bigint; readonly request: Uint8Array; readonly response: Uint8Array; readonly payload: Uint8Array; readonly reply?: Uint8Array | null | undefined }, options: CallOptions): Promise<Called<boolean>>
  /** Sends again what a transfer once failed to deliver. */
  collect_owed(args: { readonly account: string }, options: CallOptions): Promise<Called<void>>
  terms(args?: Record<string, never>, options?: ViewOptions): Promise<Terms>
  provider(args: { readonly account: string }, options?: ViewOptions): Promise<Provider | null>
  /** Whether channels may name this session key. */
  session(args: { readonly account: string; readonly session_key: Uint8Array }, options?: ViewOptions): Promise<boolean>
  channel(args: { readonly channel_id: bigint }, options?: ViewOptions): Promise<Channel | null>
  owed_of(args: { readonly account: string }, options?: ViewOptions): Promise<bigint>
  /** What the contract holds for others, by kind, in yoctoNEAR. */
  totals(args?: Record<string, never>, options?: ViewOptions): Promise<Totals>
}

/** What Model logs. */
export type ModelEvent =
  | { readonly standard: 'dcml_model'; readonly event: 'opened'; readonly data: { readonly owner: string; readonly beneficiary: string; readonly model_h: Uint8Array } }
  | { readonly standard: 'dcml_model'; readonly event: 'prices_set'; readonly data: { readonly prices: PricePair } }
  | { readonly standard: 'dcml_model'; readonly event: 'images_set'; readonly data: { readonly image_hs: readonly (Uint8Array)[] } }
  | { readonly standard: 'dcml_model'; readonly event: 'key_epoch_set'; readonly data: { readonly key_epoch: number } }
  | { readonly standard: 'dcml_model'; readonly event: 'beneficiary_set'; readonly data: { readonly beneficiary: string } }
  | { readonly standard: 'dcml_model'; readonly event: 'provider_registered'; readonly data: { readonly provider: string; readonly endpoint: string; readonly prices: PricePair; readonly por_account?: string | null | undefined; readonly free: bigint } }
  | { readonly standard: 'dcml_model'; readonly event: 'provider_updated'; readonly data: { readonly provider: string; readonly endpoint: string; readonly prices: PricePair; readonly por_account?: string | null | undefined } }
  | { readonly standard: 'dcml_model'; readonly event: 'provider_left'; readonly data: { readonly provider: string; readonly returned: bigint } }
  | { readonly standard: 'dcml_model'; readonly event: 'collateral_deposited'; readonly data: { readonly provider: string; readonly amount: bigint; readonly free: bigint } }
  | { readonly standard: 'dcml_model'; readonly event: 'collateral_withdrawn'; readonly data: { readonly provider: string; readonly amount: bigint; readonly free: bigint } }
  | { readonly standard: 'dcml_model'; readonly event: 'session_admitted'; readonly data: { readonly provider: string; readonly session_key: Uint8Array } }
  | { readonly standard: 'dcml_model'; readonly event: 'session_dismissed'; readonly data: { readonly provider: string; readonly session_key: Uint8Array } }
  | { readonly standard: 'dcml_model'; readonly event: 'channel_opened'; readonly data: { readonly channel_id: bigint; readonly payer: string; readonly provider: string; readonly challenge: Uint8Array; readonly session_key: Uint8Array; readonly payer_key: Uint8Array; readonly deposited: bigint; readonly prices: ChannelPrices; readonly model_h: Uint8Array; readonly key_epoch: number; readonly expires_at: bigint } }
  | { readonly standard: 'dcml_model'; readonly event: 'channel_told'; readonly data: { readonly channel_id: bigint; readonly payer: string; readonly provider: string; readonly challenge: Uint8Array; readonly session_key: Uint8Array; readonly payer_key: Uint8Array; readonly deposited: bigint; readonly prices: ChannelPrices; readonly model_h: Uint8Array; readonly key_epoch: number; readonly expires_at: bigint; readonly seed: Uint8Array } }
  | { readonly standard: 'dcml_model'; readonly event: 'channel_topped_up'; readonly data: { readonly channel_id: bigint; readonly amount: bigint; readonly deposited: bigint } }
  | { readonly standard: 'dcml_model'; readonly event: 'close_started'; readonly data: { readonly channel_id: bigint; readonly payer: string; readonly provider: string; readonly challenge: Uint8Array; readonly session_key: Uint8Array; readonly deposited: bigint; readonly deadline: bigint; readonly fee: bigint; readonly expired: boolean } }
  | { readonly standard: 'dcml_model'; readonly event: 'channel_closed'; readonly data: { readonly channel_id: bigint; readonly spent: bigint; readonly counter: bigint; readonly to_owner: bigint; readonly to_provider: bigint; readonly to_payer: bigint; readonly answered: boolean } }
  | { readonly standard: 'dcml_model'; readonly event: 'channel_forfeited'; readonly data: { readonly channel_id: bigint; readonly provider: string; readonly cause: 'unanswered' | 'disconnected' | 'invalid_response'; readonly to_owner: bigint; readonly to_payer: bigint } }
  | { readonly standard: 'dcml_model'; readonly event: 'fault_asked'; readonly data: { readonly channel_id: bigint; readonly cause: 'disconnected' | 'invalid_response'; readonly por_account: string } }
  | { readonly standard: 'dcml_model'; readonly event: 'fault_denied'; readonly data: { readonly channel_id: bigint; readonly cause: 'disconnected' | 'invalid_response'; readonly why: string } }
  | { readonly standard: 'dcml_model'; readonly event: 'owed'; readonly data: { readonly account: string; readonly amount: bigint; readonly total: bigint } }
  | { readonly standard: 'dcml_model'; readonly event: 'owed_sent'; readonly data: { readonly account: string; readonly amount: bigint } }

/** Model at an address: `model(near, 'contract.near')`. */
export const model: ContractType<Model, ModelEvent> = contractType<Model, ModelEvent>(
  {
    "schema_version": "0.4.0",
    "metadata": {
      "name": "model",
      "wasm_hash": "8wHkyPHijhvPcykjokzn5b38iSusZ8w4ZJco5fuDGzo5",
      "build": {
        "compiler": "@dcml/contract-engine 42e16f786e2ec72d8c85493e615aaf59dadb885cfdfa8c363476b8147b334f52",
        "builder": "@dcml/contract-build 0.0.0"
      }
    },
    "body": {
      "functions": [
        {
          "name": "open",
          "kind": "call",
          "modifiers": [
            "init"
          ],
          "params": {
            "serialization_type": "json",
            "args": [
              {
                "name": "owner",
                "type_schema": {
                  "type": "string",
                  "format": "account-id",
                  "minLength": 2,
                  "maxLength": 64
                }
              },
              {
                "name": "beneficiary",
                "type_schema": {
                  "type": "string",
                  "format": "account-id",
                  "minLength": 2,
                  "maxLength": 64
                }
              },
              {
                "name": "model_h",
                "type_schema": {
                  "type": "string",
                  "format": "hex",
                  "minLength": 64,
                  "maxLength": 64
                }
              },
              {
                "name": "prices",
                "type_schema": {
                  "$ref": "#/definitions/PricePair"
                }
              },
              {
                "name": "image_hs",
                "type_schema": {
                  "type": "array",
                  "items": {
                    "type": "string",
                    "format": "hex",
                    "minLength": 64,
                    "maxLength": 64
                  },
                  "maxItems": 16
                }
              },
              {
                "name": "challenge_period_ms",
                "type_schema": {
                  "type": "string",
                  "format": "uint64",
                  "pattern": "^(0|[1-9][0-9]*)$"
                }
              },
              {
                "name": "expiry_ms",
                "type_schema": {
                  "type": "string",
                  "format": "uint64",
                  "pattern": "^(0|[1-9][0-9]*)$"
                }
              },
              {
                "name": "close_fee",
                "type_schema": {
                  "type": "string",
                  "format": "uint128",
                  "pattern": "^(0|[1-9][0-9]*)$"
                }
              }
            ]
          }
        },
        {
          "name": "set_prices",
          "doc": "The owner's prices for channels opened from now on.",
          "kind": "call",
          "modifiers": [
            "payable"
          ],
          "params": {
            "serialization_type": "json",
            "args": [
              {
                "name": "prices",
                "type_schema": {
                  "$ref": "#/definitions/PricePair"
                }
              }
            ]
          },
          "deposit": {
            "exactly": "1"
          }
        },
        {
          "name": "set_images",
          "doc": "The workloads that may serve this model.",
          "kind": "call",
          "modifiers": [
            "payable"
          ],
          "params": {
            "serialization_type": "json",
            "args": [
              {
                "name": "image_hs",
                "type_schema": {
                  "type": "array",
                  "items": {
                    "type": "string",
                    "format": "hex",
                    "minLength": 64,
                    "maxLength": 64
                  },
                  "maxItems": 16
                }
              }
            ]
          },
          "deposit": {
            "exactly": "1"
          }
        },
        {
          "name": "set_key_epoch",
          "doc": "The model's secret key was rotated; epochs only grow.",
          "kind": "call",
          "modifiers": [
            "payable"
          ],
          "params": {
            "serialization_type": "json",
            "args": [
              {
                "name": "key_epoch",
                "type_schema": {
                  "type": "string",
                  "format": "uint32",
                  "pattern": "^(0|[1-9][0-9]*)$"
                }
              }
            ]
          },
          "deposit": {
            "exactly": "1"
          }
        },
        {
          "name": "set_beneficiary",
          "doc": "Who earns on channels opened from now on.",
          "kind": "call",
          "modifiers": [
            "payable"
          ],
          "params": {
            "serialization_type": "json",
            "args": [
              {
                "name": "beneficiary",
                "type_schema": {
                  "type": "string",
                  "format": "account-id",
                  "minLength": 2,
                  "maxLength": 64
                }
              }
            ]
          },
          "deposit": {
            "exactly": "1"
          }
        },
        {
          "name": "register_provider",
          "doc": "The caller will host the model. What is attached beyond 0.015 NEAR of storage is its collateral.",
          "kind": "call",
          "modifiers": [
            "payable"
          ],
          "params": {
            "serialization_type": "json",
            "args": [
              {
                "name": "endpoint",
                "type_schema": {
                  "type": "string",
                  "maxLength": 256
                }
              },
              {
                "name": "prices",
                "type_schema": {
                  "$ref": "#/definitions/PricePair"
                }
              },
              {
                "name": "por_account",
                "type_schema": {
                  "anyOf": [
                    {
                      "type": "string",
                      "format": "account-id",
                      "minLength": 2,
                      "maxLength": 64
                    },
                    {
                      "type": "null"
                    }
                  ]
                }
              }
            ]
          }
        },
        {
          "name": "update_provider",
          "doc": "A provider's endpoint, prices and Proof of Response contract, for channels opened from now on.",
          "kind": "call",
          "modifiers": [],
          "params": {
            "serialization_type": "json",
            "args": [
              {
                "name": "endpoint",
                "type_schema": {
                  "type": "string",
                  "maxLength": 256
                }
              },
              {
                "name": "prices",
                "type_schema": {
                  "$ref": "#/definitions/PricePair"
                }
              },
              {
                "name": "por_account",
                "type_schema": {
                  "anyOf": [
                    {
                      "type": "string",
                      "format": "account-id",
                      "minLength": 2,
                      "maxLength": 64
                    },
                    {
                      "type": "null"
                    }
                  ]
                }
              }
            ]
          }
        },
        {
          "name": "deposit_collateral",
          "kind": "call",
          "modifiers": [
            "payable"
          ]
        },
        {
          "name": "withdraw_collateral",
          "doc": "Takes out collateral that no channel locks.",
          "kind": "call",
          "modifiers": [
            "payable"
          ],
          "params": {
            "serialization_type": "json",
            "args": [
              {
                "name": "amount",
                "type_schema": {
                  "type": "string",
                  "format": "uint128",
                  "pattern": "^(0|[1-9][0-9]*)$"
                }
              }
            ]
          },
          "deposit": {
            "exactly": "1"
          }
        },
        {
          "name": "admit_session",
          "doc": "An enclave of the caller's signs with this key; 0.0025 NEAR of free collateral pay for its storage.",
          "kind": "call",
          "modifiers": [],
          "params": {
            "serialization_type": "json",
            "args": [
              {
                "name": "session_key",
                "type_schema": {
                  "type": "string",
                  "format": "hex",
                  "minLength": 64,
                  "maxLength": 64
                }
              }
            ]
          }
        },
        {
          "name": "dismiss_session",
          "doc": "No further channel may name this key.",
          "kind": "call",
          "modifiers": [],
          "params": {
            "serialization_type": "json",
            "args": [
              {
                "name": "session_key",
                "type_schema": {
                  "type": "string",
                  "format": "hex",
                  "minLength": 64,
                  "maxLength": 64
                }
              }
            ]
          }
        },
        {
          "name": "leave",
          "doc": "Ends the caller's registration and returns all it paid, once no channel and no session is left.",
          "kind": "call",
          "modifiers": [
            "payable"
          ],
          "deposit": {
            "exactly": "1"
          }
        },
        {
          "name": "open_channel",
          "doc": "Opens a channel; what is attached beyond 0.015 NEAR of storage is the deposit. Returns the channel's id.",
          "kind": "call",
          "modifiers": [
            "payable"
          ],
          "params": {
            "serialization_type": "json",
            "args": [
              {
                "name": "provider",
                "type_schema": {
                  "type": "string",
                  "format": "account-id",
                  "minLength": 2,
                  "maxLength": 64
                }
              },
              {
                "name": "challenge",
                "type_schema": {
                  "type": "string",
                  "format": "hex",
                  "minLength": 64,
                  "maxLength": 64
                }
              },
              {
                "name": "session_key",
                "type_schema": {
                  "type": "string",
                  "format": "hex",
                  "minLength": 64,
                  "maxLength": 64
                }
              },
              {
                "name": "payer_key",
                "type_schema": {
                  "type": "string",
                  "format": "hex",
                  "minLength": 64,
                  "maxLength": 64
                }
              },
              {
                "name": "max_owner_prices",
                "type_schema": {
                  "$ref": "#/definitions/PricePair"
                }
              },
              {
                "name": "max_provider_prices",
                "type_schema": {
                  "$ref": "#/definitions/PricePair"
                }
              }
            ]
          },
          "result": {
            "serialization_type": "json",
            "type_schema": {
              "type": "string",
              "format": "uint64",
              "pattern": "^(0|[1-9][0-9]*)$"
            }
          }
        },
        {
          "name": "tell_channel",
          "doc": "Logs again what a channel is, for its host: nodes drop the block of the opening after days, and an enclave that was\nnever shown it has to approve. Anyone may call it, and nothing changes.",
          "kind": "call",
          "modifiers": [],
          "params": {
            "serialization_type": "json",
            "args": [
              {
                "name": "channel_id",
                "type_schema": {
                  "type": "string",
                  "format": "uint64",
                  "pattern": "^(0|[1-9][0-9]*)$"
                }
              }
            ]
          }
        },
        {
          "name": "top_up",
          "doc": "The payer adds what it attached to the deposit.",
          "kind": "call",
          "modifiers": [
            "payable"
          ],
          "params": {
            "serialization_type": "json",
            "args": [
              {
                "name": "channel_id",
                "type_schema": {
                  "type": "string",
                  "format": "uint64",
                  "pattern": "^(0|[1-9][0-9]*)$"
                }
              }
            ]
          }
        },
        {
          "name": "close",
          "doc": "Ends a channel with the enclave's approval; anyone may bring it.",
          "kind": "call",
          "modifiers": [],
          "params": {
            "serialization_type": "json",
            "args": [
              {
                "name": "channel_id",
                "type_schema": {
                  "type": "string",
                  "format": "uint64",
                  "pattern": "^(0|[1-9][0-9]*)$"
                }
              },
              {
                "name": "challenge",
                "type_schema": {
                  "type": "string",
                  "format": "hex",
                  "minLength": 64,
                  "maxLength": 64
                }
              },
              {
                "name": "prompt_tokens",
                "type_schema": {
                  "type": "string",
                  "format": "uint64",
                  "pattern": "^(0|[1-9][0-9]*)$"
                }
              },
              {
                "name": "completion_tokens",
                "type_schema": {
                  "type": "string",
                  "format": "uint64",
                  "pattern": "^(0|[1-9][0-9]*)$"
                }
              },
              {
                "name": "spent",
                "type_schema": {
                  "type": "string",
                  "format": "uint128",
                  "pattern": "^(0|[1-9][0-9]*)$"
                }
              },
              {
                "name": "counter",
                "type_schema": {
                  "type": "string",
                  "format": "uint64",
                  "pattern": "^(0|[1-9][0-9]*)$"
                }
              },
              {
                "name": "signature",
                "type_schema": {
                  "type": "string",
                  "format": "base64",
                  "minLength": 88,
                  "maxLength": 88
                }
              }
            ]
          }
        },
        {
          "name": "answer_close",
          "doc": "The same for a forced closure, within the challenge period.",
          "kind": "call",
          "modifiers": [],
          "params": {
            "serialization_type": "json",
            "args": [
              {
                "name": "channel_id",
                "type_schema": {
                  "type": "string",
                  "format": "uint64",
                  "pattern": "^(0|[1-9][0-9]*)$"
                }
              },
              {
                "name": "challenge",
                "type_schema": {
                  "type": "string",
                  "format": "hex",
                  "minLength": 64,
                  "maxLength": 64
                }
              },
              {
                "name": "prompt_tokens",
                "type_schema": {
                  "type": "string",
                  "format": "uint64",
                  "pattern": "^(0|[1-9][0-9]*)$"
                }
              },
              {
                "name": "completion_tokens",
                "type_schema": {
                  "type": "string",
                  "format": "uint64",
                  "pattern": "^(0|[1-9][0-9]*)$"
                }
              },
              {
                "name": "spent",
                "type_schema": {
                  "type": "string",
                  "format": "uint128",
                  "pattern": "^(0|[1-9][0-9]*)$"
                }
              },
              {
                "name": "counter",
                "type_schema": {
                  "type": "string",
                  "format": "uint64",
                  "pattern": "^(0|[1-9][0-9]*)$"
                }
              },
              {
                "name": "signature",
                "type_schema": {
                  "type": "string",
                  "format": "base64",
                  "minLength": 88,
                  "maxLength": 88
                }
              }
            ]
          }
        },
        {
          "name": "start_close",
          "doc": "The payer forces the closure without an approval, attaching the closing fee.",
          "kind": "call",
          "modifiers": [
            "payable"
          ],
          "params": {
            "serialization_type": "json",
            "args": [
              {
                "name": "channel_id",
                "type_schema": {
                  "type": "string",
                  "format": "uint64",
                  "pattern": "^(0|[1-9][0-9]*)$"
                }
              }
            ]
          }
        },
        {
          "name": "expire",
          "doc": "Anyone forces the closure of a channel that has expired, free of charge.",
          "kind": "call",
          "modifiers": [],
          "params": {
            "serialization_type": "json",
            "args": [
              {
                "name": "channel_id",
                "type_schema": {
                  "type": "string",
                  "format": "uint64",
                  "pattern": "^(0|[1-9][0-9]*)$"
                }
              }
            ]
          }
        },
        {
          "name": "finish_close",
          "doc": "Nobody answered in time: the payer is made whole, the lock goes to the beneficiary.",
          "kind": "call",
          "modifiers": [],
          "params": {
            "serialization_type": "json",
            "args": [
              {
                "name": "channel_id",
                "type_schema": {
                  "type": "string",
                  "format": "uint64",
                  "pattern": "^(0|[1-9][0-9]*)$"
                }
              }
            ]
          }
        },
        {
          "name": "close_disconnected",
          "doc": "The payer closes because the host was cut off from its Proof of Response network after the opening (paper §6.2).",
          "kind": "call",
          "modifiers": [],
          "params": {
            "serialization_type": "json",
            "args": [
              {
                "name": "channel_id",
                "type_schema": {
                  "type": "string",
                  "format": "uint64",
                  "pattern": "^(0|[1-9][0-9]*)$"
                }
              }
            ]
          },
          "result": {
            "serialization_type": "json",
            "type_schema": {
              "type": "boolean"
            }
          }
        },
        {
          "name": "close_invalid_response",
          "doc": "The payer closes because the host answered its closure request over Proof of Response with anything but the approval\n(paper §6.2, §9). The contract judges the evidence itself, and asks only for the host's node key.",
          "kind": "call",
          "modifiers": [],
          "params": {
            "serialization_type": "json",
            "args": [
              {
                "name": "channel_id",
                "type_schema": {
                  "type": "string",
                  "format": "uint64",
                  "pattern": "^(0|[1-9][0-9]*)$"
                }
              },
              {
                "name": "request",
                "type_schema": {
                  "type": "string",
                  "format": "base64",
                  "minLength": 0,
                  "maxLength": 732
                }
              },
              {
                "name": "response",
                "type_schema": {
                  "type": "string",
                  "format": "base64",
                  "minLength": 0,
                  "maxLength": 432
                }
              },
              {
                "name": "payload",
                "type_schema": {
                  "type": "string",
                  "format": "base64",
                  "minLength": 0,
                  "maxLength": 532
                }
              },
              {
                "name": "reply",
                "type_schema": {
                  "anyOf": [
                    {
                      "type": "string",
                      "format": "base64",
                      "minLength": 0,
                      "maxLength": 588
                    },
                    {
                      "type": "null"
                    }
                  ]
                }
              }
            ]
          },
          "result": {
            "serialization_type": "json",
            "type_schema": {
              "type": "boolean"
            }
          }
        },
        {
          "name": "judged",
          "kind": "call",
          "modifiers": [
            "private"
          ],
          "params": {
            "serialization_type": "json",
            "args": [
              {
                "name": "channel_id",
                "type_schema": {
                  "type": "string",
                  "format": "uint64",
                  "pattern": "^(0|[1-9][0-9]*)$"
                }
              }
            ]
          },
          "result": {
            "serialization_type": "json",
            "type_schema": {
              "type": "boolean"
            }
          },
          "callbacks": [
            {
              "serialization_type": "json",
              "type_schema": {
                "anyOf": [
                  {
                    "type": "string",
                    "format": "uint64",
                    "pattern": "^(0|[1-9][0-9]*)$"
                  },
                  {
                    "type": "null"
                  }
                ]
              }
            }
          ]
        },
        {
          "name": "judged_answer",
          "kind": "call",
          "modifiers": [
            "private"
          ],
          "params": {
            "serialization_type": "json",
            "args": [
              {
                "name": "channel_id",
                "type_schema": {
                  "type": "string",
                  "format": "uint64",
                  "pattern": "^(0|[1-9][0-9]*)$"
                }
              },
              {
                "name": "node_key",
                "type_schema": {
                  "type": "string",
                  "format": "hex",
                  "minLength": 64,
                  "maxLength": 64
                }
              },
              {
                "name": "seed",
                "type_schema": {
                  "type": "string",
                  "format": "hex",
                  "minLength": 64,
                  "maxLength": 64
                }
              }
            ]
          },
          "result": {
            "serialization_type": "json",
            "type_schema": {
              "type": "boolean"
            }
          },
          "callbacks": [
            {
              "serialization_type": "json",
              "type_schema": {
                "anyOf": [
                  {
                    "type": "string",
                    "format": "hex",
                    "minLength": 64,
                    "maxLength": 64
                  },
                  {
                    "type": "null"
                  }
                ]
              }
            }
          ]
        },
        {
          "name": "collect_owed",
          "doc": "Sends again what a transfer once failed to deliver.",
          "kind": "call",
          "modifiers": [],
          "params": {
            "serialization_type": "json",
            "args": [
              {
                "name": "account",
                "type_schema": {
                  "type": "string",
                  "format": "account-id",
                  "minLength": 2,
                  "maxLength": 64
                }
              }
            ]
          }
        },
        {
          "name": "paid",
          "doc": "What became of one, two or three transfers of a call. Each outcome counts for itself.",
          "kind": "call",
          "modifiers": [
            "private"
          ],
          "params": {
            "serialization_type": "json",
            "args": [
              {
                "name": "payouts",
                "type_schema": {
                  "type": "array",
                  "items": {
                    "type": "object",
                    "properties": {
                      "account": {
                        "type": "string",
                        "format": "account-id",
                        "minLength": 2,
                        "maxLength": 64
                      },
                      "amount": {
                        "type": "string",
                        "format": "uint128",
                        "pattern": "^(0|[1-9][0-9]*)$"
                      }
                    },
                    "required": [
                      "account",
                      "amount"
                    ],
                    "additionalProperties": false
                  },
                  "maxItems": 3
                }
              }
            ]
          },
          "callbacks": [
            {
              "serialization_type": "json",
              "type_schema": {}
            }
          ]
        },
        {
          "name": "paid_two",
          "kind": "call",
          "modifiers": [
            "private"
          ],
          "params": {
            "serialization_type": "json",
            "args": [
              {
                "name": "payouts",
                "type_schema": {
                  "type": "array",
                  "items": {
                    "type": "object",
                    "properties": {
                      "account": {
                        "type": "string",
                        "format": "account-id",
                        "minLength": 2,
                        "maxLength": 64
                      },
                      "amount": {
                        "type": "string",
                        "format": "uint128",
                        "pattern": "^(0|[1-9][0-9]*)$"
                      }
                    },
                    "required": [
                      "account",
                      "amount"
                    ],
                    "additionalProperties": false
                  },
                  "maxItems": 3
                }
              }
            ]
          },
          "callbacks": [
            {
              "serialization_type": "json",
              "type_schema": {}
            },
            {
              "serialization_type": "json",
              "type_schema": {}
            }
          ]
        },
        {
          "name": "paid_three",
          "kind": "call",
          "modifiers": [
            "private"
          ],
          "params": {
            "serialization_type": "json",
            "args": [
              {
                "name": "payouts",
                "type_schema": {
                  "type": "array",
                  "items": {
                    "type": "object",
                    "properties": {
                      "account": {
                        "type": "string",
                        "format": "account-id",
                        "minLength": 2,
                        "maxLength": 64
                      },
                      "amount": {
                        "type": "string",
                        "format": "uint128",
                        "pattern": "^(0|[1-9][0-9]*)$"
                      }
                    },
                    "required": [
                      "account",
                      "amount"
                    ],
                    "additionalProperties": false
                  },
                  "maxItems": 3
                }
              }
            ]
          },
          "callbacks": [
            {
              "serialization_type": "json",
              "type_schema": {}
            },
            {
              "serialization_type": "json",
              "type_schema": {}
            },
            {
              "serialization_type": "json",
              "type_schema": {}
            }
          ]
        },
        {
          "name": "terms",
          "kind": "view",
          "modifiers": [],
          "result": {
            "serialization_type": "json",
            "type_schema": {
              "$ref": "#/definitions/Terms"
            }
          }
        },
        {
          "name": "provider",
          "kind": "view",
          "modifiers": [],
          "params": {
            "serialization_type": "json",
            "args": [
              {
                "name": "account",
                "type_schema": {
                  "type": "string",
                  "format": "account-id",
                  "minLength": 2,
                  "maxLength": 64
                }
              }
            ]
          },
          "result": {
            "serialization_type": "json",
            "type_schema": {
              "anyOf": [
                {
                  "$ref": "#/definitions/Provider"
                },
                {
                  "type": "null"
                }
              ]
            }
          }
        },
        {
          "name": "session",
          "doc": "Whether channels may name this session key.",
          "kind": "view",
          "modifiers": [],
          "params": {
            "serialization_type": "json",
            "args": [
              {
                "name": "account",
                "type_schema": {
                  "type": "string",
                  "format": "account-id",
                  "minLength": 2,
                  "maxLength": 64
                }
              },
              {
                "name": "session_key",
                "type_schema": {
                  "type": "string",
                  "format": "hex",
                  "minLength": 64,
                  "maxLength": 64
                }
              }
            ]
          },
          "result": {
            "serialization_type": "json",
            "type_schema": {
              "type": "boolean"
            }
          }
        },
        {
          "name": "channel",
          "kind": "view",
          "modifiers": [],
          "params": {
            "serialization_type": "json",
            "args": [
              {
                "name": "channel_id",
                "type_schema": {
                  "type": "string",
                  "format": "uint64",
                  "pattern": "^(0|[1-9][0-9]*)$"
                }
              }
            ]
          },
          "result": {
            "serialization_type": "json",
            "type_schema": {
              "anyOf": [
                {
                  "$ref": "#/definitions/Channel"
                },
                {
                  "type": "null"
                }
              ]
            }
          }
        },
        {
          "name": "owed_of",
          "kind": "view",
          "modifiers": [],
          "params": {
            "serialization_type": "json",
            "args": [
              {
                "name": "account",
                "type_schema": {
                  "type": "string",
                  "format": "account-id",
                  "minLength": 2,
                  "maxLength": 64
                }
              }
            ]
          },
          "result": {
            "serialization_type": "json",
            "type_schema": {
              "type": "string",
              "format": "uint128",
              "pattern": "^(0|[1-9][0-9]*)$"
            }
          }
        },
        {
          "name": "totals",
          "doc": "What the contract holds for others, by kind, in yoctoNEAR.",
          "kind": "view",
          "modifiers": [],
          "result": {
            "serialization_type": "json",
            "type_schema": {
              "$ref": "#/definitions/Totals"
            }
          }
        }
      ],
      "events": [
        {
          "standard": "dcml_model",
          "version": "1.0.0",
          "event": "opened",
          "data": {
            "type": "object",
            "properties": {
              "owner": {
                "type": "string",
                "format": "account-id",
                "minLength": 2,
                "maxLength": 64
              },
              "beneficiary": {
                "type": "string",
                "format": "account-id",
                "minLength": 2,
                "maxLength": 64
              },
              "model_h": {
                "type": "string",
                "format": "hex",
                "minLength": 64,
                "maxLength": 64
              }
            },
            "required": [
              "owner",
              "beneficiary",
              "model_h"
            ],
            "additionalProperties": false
          }
        },
        {
          "standard": "dcml_model",
          "version": "1.0.0",
          "event": "prices_set",
          "data": {
            "type": "object",
            "properties": {
              "prices": {
                "$ref": "#/definitions/PricePair"
              }
            },
            "required": [
              "prices"
            ],
            "additionalProperties": false
          }
        },
        {
          "standard": "dcml_model",
          "version": "1.0.0",
          "event": "images_set",
          "data": {
            "type": "object",
            "properties": {
              "image_hs": {
                "type": "array",
                "items": {
                  "type": "string",
                  "format": "hex",
                  "minLength": 64,
                  "maxLength": 64
                },
                "maxItems": 16
              }
            },
            "required": [
              "image_hs"
            ],
            "additionalProperties": false
          }
        },
        {
          "standard": "dcml_model",
          "version": "1.0.0",
          "event": "key_epoch_set",
          "data": {
            "type": "object",
            "properties": {
              "key_epoch": {
                "type": "string",
                "format": "uint32",
                "pattern": "^(0|[1-9][0-9]*)$"
              }
            },
            "required": [
              "key_epoch"
            ],
            "additionalProperties": false
          }
        },
        {
          "standard": "dcml_model",
          "version": "1.0.0",
          "event": "beneficiary_set",
          "data": {
            "type": "object",
            "properties": {
              "beneficiary": {
                "type": "string",
                "format": "account-id",
                "minLength": 2,
                "maxLength": 64
              }
            },
            "required": [
              "beneficiary"
            ],
            "additionalProperties": false
          }
        },
        {
          "standard": "dcml_model",
          "version": "1.0.0",
          "event": "provider_registered",
          "data": {
            "type": "object",
            "properties": {
              "provider": {
                "type": "string",
                "format": "account-id",
                "minLength": 2,
                "maxLength": 64
              },
              "endpoint": {
                "type": "string",
                "maxLength": 256
              },
              "prices": {
                "$ref": "#/definitions/PricePair"
              },
              "por_account": {
                "anyOf": [
                  {
                    "type": "string",
                    "format": "account-id",
                    "minLength": 2,
                    "maxLength": 64
                  },
                  {
                    "type": "null"
                  }
                ]
              },
              "free": {
                "type": "string",
                "format": "uint128",
                "pattern": "^(0|[1-9][0-9]*)$"
              }
            },
            "required": [
              "provider",
              "endpoint",
              "prices",
              "free"
            ],
            "additionalProperties": false
          }
        },
        {
          "standard": "dcml_model",
          "version": "1.0.0",
          "event": "provider_updated",
          "data": {
            "type": "object",
            "properties": {
              "provider": {
                "type": "string",
                "format": "account-id",
                "minLength": 2,
                "maxLength": 64
              },
              "endpoint": {
                "type": "string",
                "maxLength": 256
              },
              "prices": {
                "$ref": "#/definitions/PricePair"
              },
              "por_account": {
                "anyOf": [
                  {
                    "type": "string",
                    "format": "account-id",
                    "minLength": 2,
                    "maxLength": 64
                  },
                  {
                    "type": "null"
                  }
                ]
              }
            },
            "required": [
              "provider",
              "endpoint",
              "prices"
            ],
            "additionalProperties": false
          }
        },
        {
          "standard": "dcml_model",
          "version": "1.0.0",
          "event": "provider_left",
          "data": {
            "type": "object",
            "properties": {
              "provider": {
                "type": "string",
                "format": "account-id",
                "minLength": 2,
                "maxLength": 64
              },
              "returned": {
                "type": "string",
                "format": "uint128",
                "pattern": "^(0|[1-9][0-9]*)$"
              }
            },
            "required": [
              "provider",
              "returned"
            ],
            "additionalProperties": false
          }
        },
        {
          "standard": "dcml_model",
          "version": "1.0.0",
          "event": "collateral_deposited",
          "data": {
            "type": "object",
            "properties": {
              "provider": {
                "type": "string",
                "format": "account-id",
                "minLength": 2,
                "maxLength": 64
              },
              "amount": {
                "type": "string",
                "format": "uint128",
                "pattern": "^(0|[1-9][0-9]*)$"
              },
              "free": {
                "type": "string",
                "format": "uint128",
                "pattern": "^(0|[1-9][0-9]*)$"
              }
            },
            "required": [
              "provider",
              "amount",
              "free"
            ],
            "additionalProperties": false
          }
        },
        {
          "standard": "dcml_model",
          "version": "1.0.0",
          "event": "collateral_withdrawn",
          "data": {
            "type": "object",
            "properties": {
              "provider": {
                "type": "string",
                "format": "account-id",
                "minLength": 2,
                "maxLength": 64
              },
              "amount": {
                "type": "string",
                "format": "uint128",
                "pattern": "^(0|[1-9][0-9]*)$"
              },
              "free": {
                "type": "string",
                "format": "uint128",
                "pattern": "^(0|[1-9][0-9]*)$"
              }
            },
            "required": [
              "provider",
              "amount",
              "free"
            ],
            "additionalProperties": false
          }
        },
        {
          "standard": "dcml_model",
          "version": "1.0.0",
          "event": "session_admitted",
          "data": {
            "type": "object",
            "properties": {
              "provider": {
                "type": "string",
                "format": "account-id",
                "minLength": 2,
                "maxLength": 64
              },
              "session_key": {
                "type": "string",
                "format": "hex",
                "minLength": 64,
                "maxLength": 64
              }
            },
            "required": [
              "provider",
              "session_key"
            ],
            "additionalProperties": false
          }
        },
        {
          "standard": "dcml_model",
          "version": "1.0.0",
          "event": "session_dismissed",
          "data": {
            "type": "object",
            "properties": {
              "provider": {
                "type": "string",
                "format": "account-id",
                "minLength": 2,
                "maxLength": 64
              },
              "session_key": {
                "type": "string",
                "format": "hex",
                "minLength": 64,
                "maxLength": 64
              }
            },
            "required": [
              "provider",
              "session_key"
            ],
            "additionalProperties": false
          }
        },
        {
          "standard": "dcml_model",
          "version": "1.0.0",
          "event": "channel_opened",
          "data": {
            "type": "object",
            "properties": {
              "channel_id": {
                "type": "string",
                "format": "uint64",
                "pattern": "^(0|[1-9][0-9]*)$"
              },
              "payer": {
                "type": "string",
                "format": "account-id",
                "minLength": 2,
                "maxLength": 64
              },
              "provider": {
                "type": "string",
                "format": "account-id",
                "minLength": 2,
                "maxLength": 64
              },
              "challenge": {
                "type": "string",
                "format": "hex",
                "minLength": 64,
                "maxLength": 64
              },
              "session_key": {
                "type": "string",
                "format": "hex",
                "minLength": 64,
                "maxLength": 64
              },
              "payer_key": {
                "type": "string",
                "format": "hex",
                "minLength": 64,
                "maxLength": 64
              },
              "deposited": {
                "type": "string",
                "format": "uint128",
                "pattern": "^(0|[1-9][0-9]*)$"
              },
              "prices": {
                "$ref": "#/definitions/ChannelPrices"
              },
              "model_h": {
                "type": "string",
                "format": "hex",
                "minLength": 64,
                "maxLength": 64
              },
              "key_epoch": {
                "type": "string",
                "format": "uint32",
                "pattern": "^(0|[1-9][0-9]*)$"
              },
              "expires_at": {
                "type": "string",
                "format": "uint64",
                "pattern": "^(0|[1-9][0-9]*)$"
              }
            },
            "required": [
              "channel_id",
              "payer",
              "provider",
              "challenge",
              "session_key",
              "payer_key",
              "deposited",
              "prices",
              "model_h",
              "key_epoch",
              "expires_at"
            ],
            "additionalProperties": false
          }
        },
        {
          "standard": "dcml_model",
          "version": "1.0.0",
          "event": "channel_told",
          "data": {
            "type": "object",
            "properties": {
              "channel_id": {
                "type": "string",
                "format": "uint64",
                "pattern": "^(0|[1-9][0-9]*)$"
              },
              "payer": {
                "type": "string",
                "format": "account-id",
                "minLength": 2,
                "maxLength": 64
              },
              "provider": {
                "type": "string",
                "format": "account-id",
                "minLength": 2,
                "maxLength": 64
              },
              "challenge": {
                "type": "string",
                "format": "hex",
                "minLength": 64,
                "maxLength": 64
              },
              "session_key": {
                "type": "string",
                "format": "hex",
                "minLength": 64,
                "maxLength": 64
              },
              "payer_key": {
                "type": "string",
                "format": "hex",
                "minLength": 64,
                "maxLength": 64
              },
              "deposited": {
                "type": "string",
                "format": "uint128",
                "pattern": "^(0|[1-9][0-9]*)$"
              },
              "prices": {
                "$ref": "#/definitions/ChannelPrices"
              },
              "model_h": {
                "type": "string",
                "format": "hex",
                "minLength": 64,
                "maxLength": 64
              },
              "key_epoch": {
                "type": "string",
                "format": "uint32",
                "pattern": "^(0|[1-9][0-9]*)$"
              },
              "expires_at": {
                "type": "string",
                "format": "uint64",
                "pattern": "^(0|[1-9][0-9]*)$"
              },
              "seed": {
                "type": "string",
                "format": "hex",
                "minLength": 64,
                "maxLength": 64
              }
            },
            "required": [
              "channel_id",
              "payer",
              "provider",
              "challenge",
              "session_key",
              "payer_key",
              "deposited",
              "prices",
              "model_h",
              "key_epoch",
              "expires_at",
              "seed"
            ],
            "additionalProperties": false
          }
        },
        {
          "standard": "dcml_model",
          "version": "1.0.0",
          "event": "channel_topped_up",
          "data": {
            "type": "object",
            "properties": {
              "channel_id": {
                "type": "string",
                "format": "uint64",
                "pattern": "^(0|[1-9][0-9]*)$"
              },
              "amount": {
                "type": "string",
                "format": "uint128",
                "pattern": "^(0|[1-9][0-9]*)$"
              },
              "deposited": {
                "type": "string",
                "format": "uint128",
                "pattern": "^(0|[1-9][0-9]*)$"
              }
            },
            "required": [
              "channel_id",
              "amount",
              "deposited"
            ],
            "additionalProperties": false
          }
        },
        {
          "standard": "dcml_model",
          "version": "1.0.0",
          "event": "close_started",
          "data": {
            "type": "object",
            "properties": {
              "channel_id": {
                "type": "string",
                "format": "uint64",
                "pattern": "^(0|[1-9][0-9]*)$"
              },
              "payer": {
                "type": "string",
                "format": "account-id",
                "minLength": 2,
                "maxLength": 64
              },
              "provider": {
                "type": "string",
                "format": "account-id",
                "minLength": 2,
                "maxLength": 64
              },
              "challenge": {
                "type": "string",
                "format": "hex",
                "minLength": 64,
                "maxLength": 64
              },
              "session_key": {
                "type": "string",
                "format": "hex",
                "minLength": 64,
                "maxLength": 64
              },
              "deposited": {
                "type": "string",
                "format": "uint128",
                "pattern": "^(0|[1-9][0-9]*)$"
              },
              "deadline": {
                "type": "string",
                "format": "uint64",
                "pattern": "^(0|[1-9][0-9]*)$"
              },
              "fee": {
                "type": "string",
                "format": "uint128",
                "pattern": "^(0|[1-9][0-9]*)$"
              },
              "expired": {
                "type": "boolean"
              }
            },
            "required": [
              "channel_id",
              "payer",
              "provider",
              "challenge",
              "session_key",
              "deposited",
              "deadline",
              "fee",
              "expired"
            ],
            "additionalProperties": false
          }
        },
        {
          "standard": "dcml_model",
          "version": "1.0.0",
          "event": "channel_closed",
          "data": {
            "type": "object",
            "properties": {
              "channel_id": {
                "type": "string",
                "format": "uint64",
                "pattern": "^(0|[1-9][0-9]*)$"
              },
              "spent": {
                "type": "string",
                "format": "uint128",
                "pattern": "^(0|[1-9][0-9]*)$"
              },
              "counter": {
                "type": "string",
                "format": "uint64",
                "pattern": "^(0|[1-9][0-9]*)$"
              },
              "to_owner": {
                "type": "string",
                "format": "uint128",
                "pattern": "^(0|[1-9][0-9]*)$"
              },
              "to_provider": {
                "type": "string",
                "format": "uint128",
                "pattern": "^(0|[1-9][0-9]*)$"
              },
              "to_payer": {
                "type": "string",
                "format": "uint128",
                "pattern": "^(0|[1-9][0-9]*)$"
              },
              "answered": {
                "type": "boolean"
              }
            },
            "required": [
              "channel_id",
              "spent",
              "counter",
              "to_owner",
              "to_provider",
              "to_payer",
              "answered"
            ],
            "additionalProperties": false
          }
        },
        {
          "standard": "dcml_model",
          "version": "1.0.0",
          "event": "channel_forfeited",
          "data": {
            "type": "object",
            "properties": {
              "channel_id": {
                "type": "string",
                "format": "uint64",
                "pattern": "^(0|[1-9][0-9]*)$"
              },
              "provider": {
                "type": "string",
                "format": "account-id",
                "minLength": 2,
                "maxLength": 64
              },
              "cause": {
                "type": "string",
                "enum": [
                  "unanswered",
                  "disconnected",
                  "invalid_response"
                ]
              },
              "to_owner": {
                "type": "string",
                "format": "uint128",
                "pattern": "^(0|[1-9][0-9]*)$"
              },
              "to_payer": {
                "type": "string",
                "format": "uint128",
                "pattern": "^(0|[1-9][0-9]*)$"
              }
            },
            "required": [
              "channel_id",
              "provider",
              "cause",
              "to_owner",
              "to_payer"
            ],
            "additionalProperties": false
          }
        },
        {
          "standard": "dcml_model",
          "version": "1.0.0",
          "event": "fault_asked",
          "data": {
            "type": "object",
            "properties": {
              "channel_id": {
                "type": "string",
                "format": "uint64",
                "pattern": "^(0|[1-9][0-9]*)$"
              },
              "cause": {
                "type": "string",
                "enum": [
                  "disconnected",
                  "invalid_response"
                ]
              },
              "por_account": {
                "type": "string",
                "format": "account-id",
                "minLength": 2,
                "maxLength": 64
              }
            },
            "required": [
              "channel_id",
              "cause",
              "por_account"
            ],
            "additionalProperties": false
          }
        },
        {
          "standard": "dcml_model",
          "version": "1.0.0",
          "event": "fault_denied",
          "data": {
            "type": "object",
            "properties": {
              "channel_id": {
                "type": "string",
                "format": "uint64",
                "pattern": "^(0|[1-9][0-9]*)$"
              },
              "cause": {
                "type": "string",
                "enum": [
                  "disconnected",
                  "invalid_response"
                ]
              },
              "why": {
                "type": "string",
                "maxLength": 256
              }
            },
            "required": [
              "channel_id",
              "cause",
              "why"
            ],
            "additionalProperties": false
          }
        },
        {
          "standard": "dcml_model",
          "version": "1.0.0",
          "event": "owed",
          "data": {
            "type": "object",
            "properties": {
              "account": {
                "type": "string",
                "format": "account-id",
                "minLength": 2,
                "maxLength": 64
              },
              "amount": {
                "type": "string",
                "format": "uint128",
                "pattern": "^(0|[1-9][0-9]*)$"
              },
              "total": {
                "type": "string",
                "format": "uint128",
                "pattern": "^(0|[1-9][0-9]*)$"
              }
            },
            "required": [
              "account",
              "amount",
              "total"
            ],
            "additionalProperties": false
          }
        },
        {
          "standard": "dcml_model",
          "version": "1.0.0",
          "event": "owed_sent",
          "data": {
            "type": "object",
            "properties": {
              "account": {
                "type": "string",
                "format": "account-id",
                "minLength": 2,
                "maxLength": 64
              },
              "amount": {
                "type": "string",
                "format": "uint128",
                "pattern": "^(0|[1-9][0-9]*)$"
              }
            },
            "required": [
              "account",
              "amount"
            ],
            "additionalProperties": false
          }
        }
      ],
      "root_schema": {
        "definitions": {
          "PricePair": {
            "type": "object",
            "properties": {
              "input": {
                "type": "string",
                "format": "uint128",
                "pattern": "^(0|[1-9][0-9]*)$"
              },
              "output": {
                "type": "string",
                "format": "uint128",
                "pattern": "^(0|[1-9][0-9]*)$"
              }
            },
            "required": [
              "input",
              "output"
            ],
            "additionalProperties": false
          },
          "Terms": {
            "type": "object",
            "properties": {
              "owner": {
                "type": "string",
                "format": "account-id",
                "minLength": 2,
                "maxLength": 64
              },
              "beneficiary": {
                "type": "string",
                "format": "account-id",
                "minLength": 2,
                "maxLength": 64
              },
              "model_h": {
                "type": "string",
                "format": "hex",
                "minLength": 64,
                "maxLength": 64
              },
              "key_epoch": {
                "type": "string",
                "format": "uint32",
                "pattern": "^(0|[1-9][0-9]*)$"
              },
              "image_hs": {
                "type": "array",
                "items": {
                  "type": "string",
                  "format": "hex",
                  "minLength": 64,
                  "maxLength": 64
                },
                "maxItems": 16
              },
              "prices": {
                "$ref": "#/definitions/PricePair"
              },
              "challenge_period": {
                "type": "string",
                "format": "uint64",
                "pattern": "^(0|[1-9][0-9]*)$"
              },
              "expiry": {
                "type": "string",
                "format": "uint64",
                "pattern": "^(0|[1-9][0-9]*)$"
              },
              "close_fee": {
                "type": "string",
                "format": "uint128",
                "pattern": "^(0|[1-9][0-9]*)$"
              },
              "next_channel": {
                "type": "string",
                "format": "uint64",
                "pattern": "^(0|[1-9][0-9]*)$"
              }
            },
            "required": [
              "owner",
              "beneficiary",
              "model_h",
              "key_epoch",
              "image_hs",
              "prices",
              "challenge_period",
              "expiry",
              "close_fee",
              "next_channel"
            ],
            "additionalProperties": false
          },
          "Provider": {
            "type": "object",
            "properties": {
              "endpoint": {
                "type": "string",
                "maxLength": 256
              },
              "prices": {
                "$ref": "#/definitions/PricePair"
              },
              "por_account": {
                "anyOf": [
                  {
                    "type": "string",
                    "format": "account-id",
                    "minLength": 2,
                    "maxLength": 64
                  },
                  {
                    "type": "null"
                  }
                ]
              },
              "free": {
                "type": "string",
                "format": "uint128",
                "pattern": "^(0|[1-9][0-9]*)$"
              },
              "locked": {
                "type": "string",
                "format": "uint128",
                "pattern": "^(0|[1-9][0-9]*)$"
              },
              "sessions": {
                "type": "string",
                "format": "uint32",
                "pattern": "^(0|[1-9][0-9]*)$"
              }
            },
            "required": [
              "endpoint",
              "prices",
              "free",
              "locked",
              "sessions"
            ],
            "additionalProperties": false
          },
          "ChannelPrices": {
            "type": "object",
            "properties": {
              "owner_input": {
                "type": "string",
                "format": "uint128",
                "pattern": "^(0|[1-9][0-9]*)$"
              },
              "owner_output": {
                "type": "string",
                "format": "uint128",
                "pattern": "^(0|[1-9][0-9]*)$"
              },
              "host_input": {
                "type": "string",
                "format": "uint128",
                "pattern": "^(0|[1-9][0-9]*)$"
              },
              "host_output": {
                "type": "string",
                "format": "uint128",
                "pattern": "^(0|[1-9][0-9]*)$"
              }
            },
            "required": [
              "owner_input",
              "owner_output",
              "host_input",
              "host_output"
            ],
            "additionalProperties": false
          },
          "Closing": {
            "type": "object",
            "properties": {
              "deadline": {
                "type": "string",
                "format": "uint64",
                "pattern": "^(0|[1-9][0-9]*)$"
              },
              "fee": {
                "type": "string",
                "format": "uint128",
                "pattern": "^(0|[1-9][0-9]*)$"
              }
            },
            "required": [
              "deadline",
              "fee"
            ],
            "additionalProperties": false
          },
          "Channel": {
            "type": "object",
            "properties": {
              "payer": {
                "type": "string",
                "format": "account-id",
                "minLength": 2,
                "maxLength": 64
              },
              "provider": {
                "type": "string",
                "format": "account-id",
                "minLength": 2,
                "maxLength": 64
              },
              "beneficiary": {
                "type": "string",
                "format": "account-id",
                "minLength": 2,
                "maxLength": 64
              },
              "por_account": {
                "anyOf": [
                  {
                    "type": "string",
                    "format": "account-id",
                    "minLength": 2,
                    "maxLength": 64
                  },
                  {
                    "type": "null"
                  }
                ]
              },
              "payer_key": {
                "type": "string",
                "format": "hex",
                "minLength": 64,
                "maxLength": 64
              },
              "session_key": {
                "type": "string",
                "format": "hex",
                "minLength": 64,
                "maxLength": 64
              },
              "challenge": {
                "type": "string",
                "format": "hex",
                "minLength": 64,
                "maxLength": 64
              },
              "seed": {
                "type": "string",
                "format": "hex",
                "minLength": 64,
                "maxLength": 64
              },
              "prices": {
                "$ref": "#/definitions/ChannelPrices"
              },
              "key_epoch": {
                "type": "string",
                "format": "uint32",
                "pattern": "^(0|[1-9][0-9]*)$"
              },
              "deposited": {
                "type": "string",
                "format": "uint128",
                "pattern": "^(0|[1-9][0-9]*)$"
              },
              "opened_at": {
                "type": "string",
                "format": "uint64",
                "pattern": "^(0|[1-9][0-9]*)$"
              },
              "expires_at": {
                "type": "string",
                "format": "uint64",
                "pattern": "^(0|[1-9][0-9]*)$"
              },
              "closing": {
                "anyOf": [
                  {
                    "$ref": "#/definitions/Closing"
                  },
                  {
                    "type": "null"
                  }
                ]
              }
            },
            "required": [
              "payer",
              "provider",
              "beneficiary",
              "payer_key",
              "session_key",
              "challenge",
              "seed",
              "prices",
              "key_epoch",
              "deposited",
              "opened_at",
              "expires_at"
            ],
            "additionalProperties": false
          },
          "Totals": {
            "type": "object",
            "properties": {
              "deposited": {
                "type": "string",
                "format": "uint128",
                "pattern": "^(0|[1-9][0-9]*)$"
              },
              "collateral": {
                "type": "string",
                "format": "uint128",
                "pattern": "^(0|[1-9][0-9]*)$"
              },
              "owed": {
                "type": "string",
                "format": "uint128",
                "pattern": "^(0|[1-9][0-9]*)$"
              },
              "fees": {
                "type": "string",
                "format": "uint128",
                "pattern": "^(0|[1-9][0-9]*)$"
              },
              "storage": {
                "type": "string",
                "format": "uint128",
                "pattern": "^(0|[1-9][0-9]*)$"
              }
            },
            "required": [
              "deposited",
              "collateral",
              "owed",
              "fees",
              "storage"
            ],
            "additionalProperties": false
          }
        },
        "$schema": "http://json-schema.org/draft-07/schema#"
      }
    }
  }
)
