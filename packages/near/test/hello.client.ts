// A typed client of the contract "hello", made from its ABI by @dcml/near. Do not edit: generate it again.
import { type CallOptions, type Called, type ContractType, type ViewOptions, contractType } from '@dcml/near'

/** What Hello offers. */
export interface Hello {
  /** Runs once, first. */
  open(args: { readonly owner: string }, options: CallOptions): Promise<Called<void>>
  /** Leaves a greeting, or replaces one's last; costs 0.01 NEAR or more. Returns how many were left so far. Takes at least 10000000000000000000000 yocto. */
  greet(args: { readonly text: string }, options: CallOptions): Promise<Called<number>>
  /** What an account last said, or null. */
  greeting_of(args: { readonly account: string }, options?: ViewOptions): Promise<string | null>
  count_greetings(args?: Record<string, never>, options?: ViewOptions): Promise<number>
  /** Asks another contract of this kind what it says about us; the payment comes back if it has no answer. Takes at least 10000000000000000000000 yocto. */
  ask(args: { readonly other: string }, options: CallOptions): Promise<Called<string | null>>
  /** Pays what was earned to the owner. Needs the owner's full-access key. Takes 1 yocto. */
  withdraw(args: Record<string, never>, options: CallOptions): Promise<Called<bigint>>
}

/** What Hello logs. */
export type HelloEvent =
  | { readonly standard: 'dcml_hello'; readonly event: 'opened'; readonly data: { readonly owner: string } }
  | { readonly standard: 'dcml_hello'; readonly event: 'greeted'; readonly data: { readonly by: string; readonly text: string; readonly paid: bigint } }
  | { readonly standard: 'dcml_hello'; readonly event: 'asked'; readonly data: { readonly by: string; readonly other: string; readonly paid: bigint } }
  | { readonly standard: 'dcml_hello'; readonly event: 'answered'; readonly data: { readonly by: string; readonly other: string; readonly text: string } }
  | { readonly standard: 'dcml_hello'; readonly event: 'refunded'; readonly data: { readonly by: string; readonly other: string; readonly amount: bigint } }
  | { readonly standard: 'dcml_hello'; readonly event: 'withdrawn'; readonly data: { readonly to: string; readonly amount: bigint } }

/** Hello at an address: `hello(near, 'contract.near')`. */
export const hello: ContractType<Hello, HelloEvent> = contractType<Hello, HelloEvent>(
  {
    "schema_version": "0.4.0",
    "metadata": {
      "name": "hello",
      "wasm_hash": "GfmUM1PeZFWavGjgeRmfnvqV6T618aR7ee72GcLdEU5Z",
      "build": {
        "compiler": "@dcml/contract-engine ec3a2e0aa830ca74b5af81a79da5f41e0a3eb505043b2ae3df90892551362e6d",
        "builder": "@dcml/contract-build 0.0.0"
      }
    },
    "body": {
      "functions": [
        {
          "name": "open",
          "kind": "call",
          "modifiers": [
            "init",
            "private"
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
              }
            ]
          }
        },
        {
          "name": "greet",
          "doc": "Leaves a greeting, or replaces one's last; costs 0.01 NEAR or more. Returns how many were left so far.",
          "kind": "call",
          "modifiers": [
            "payable"
          ],
          "params": {
            "serialization_type": "json",
            "args": [
              {
                "name": "text",
                "type_schema": {
                  "type": "string",
                  "maxLength": 280
                }
              }
            ]
          },
          "result": {
            "serialization_type": "json",
            "type_schema": {
              "type": "string",
              "format": "uint32",
              "pattern": "^(0|[1-9][0-9]*)$"
            }
          },
          "deposit": {
            "at_least": "10000000000000000000000"
          }
        },
        {
          "name": "greeting_of",
          "doc": "What an account last said, or null.",
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
                  "type": "string",
                  "maxLength": 280
                },
                {
                  "type": "null"
                }
              ]
            }
          }
        },
        {
          "name": "count_greetings",
          "kind": "view",
          "modifiers": [],
          "result": {
            "serialization_type": "json",
            "type_schema": {
              "type": "string",
              "format": "uint32",
              "pattern": "^(0|[1-9][0-9]*)$"
            }
          }
        },
        {
          "name": "ask",
          "doc": "Asks another contract of this kind what it says about us; the payment comes back if it has no answer.",
          "kind": "call",
          "modifiers": [
            "payable"
          ],
          "params": {
            "serialization_type": "json",
            "args": [
              {
                "name": "other",
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
                  "type": "string",
                  "maxLength": 280
                },
                {
                  "type": "null"
                }
              ]
            }
          },
          "deposit": {
            "at_least": "10000000000000000000000"
          }
        },
        {
          "name": "answer",
          "kind": "call",
          "modifiers": [
            "private"
          ],
          "params": {
            "serialization_type": "json",
            "args": [
              {
                "name": "by",
                "type_schema": {
                  "type": "string",
                  "format": "account-id",
                  "minLength": 2,
                  "maxLength": 64
                }
              },
              {
                "name": "other",
                "type_schema": {
                  "type": "string",
                  "format": "account-id",
                  "minLength": 2,
                  "maxLength": 64
                }
              },
              {
                "name": "paid",
                "type_schema": {
                  "type": "string",
                  "format": "uint128",
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
                  "type": "string",
                  "maxLength": 280
                },
                {
                  "type": "null"
                }
              ]
            }
          },
          "callbacks": [
            {
              "serialization_type": "json",
              "type_schema": {
                "type": "string",
                "maxLength": 280
              }
            }
          ]
        },
        {
          "name": "withdraw",
          "doc": "Pays what was earned to the owner. Needs the owner's full-access key.",
          "kind": "call",
          "modifiers": [
            "payable"
          ],
          "result": {
            "serialization_type": "json",
            "type_schema": {
              "type": "string",
              "format": "uint128",
              "pattern": "^(0|[1-9][0-9]*)$"
            }
          },
          "deposit": {
            "exactly": "1"
          }
        }
      ],
      "events": [
        {
          "standard": "dcml_hello",
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
              }
            },
            "required": [
              "owner"
            ],
            "additionalProperties": false
          }
        },
        {
          "standard": "dcml_hello",
          "version": "1.0.0",
          "event": "greeted",
          "data": {
            "type": "object",
            "properties": {
              "by": {
                "type": "string",
                "format": "account-id",
                "minLength": 2,
                "maxLength": 64
              },
              "text": {
                "type": "string",
                "maxLength": 280
              },
              "paid": {
                "type": "string",
                "format": "uint128",
                "pattern": "^(0|[1-9][0-9]*)$"
              }
            },
            "required": [
              "by",
              "text",
              "paid"
            ],
            "additionalProperties": false
          }
        },
        {
          "standard": "dcml_hello",
          "version": "1.0.0",
          "event": "asked",
          "data": {
            "type": "object",
            "properties": {
              "by": {
                "type": "string",
                "format": "account-id",
                "minLength": 2,
                "maxLength": 64
              },
              "other": {
                "type": "string",
                "format": "account-id",
                "minLength": 2,
                "maxLength": 64
              },
              "paid": {
                "type": "string",
                "format": "uint128",
                "pattern": "^(0|[1-9][0-9]*)$"
              }
            },
            "required": [
              "by",
              "other",
              "paid"
            ],
            "additionalProperties": false
          }
        },
        {
          "standard": "dcml_hello",
          "version": "1.0.0",
          "event": "answered",
          "data": {
            "type": "object",
            "properties": {
              "by": {
                "type": "string",
                "format": "account-id",
                "minLength": 2,
                "maxLength": 64
              },
              "other": {
                "type": "string",
                "format": "account-id",
                "minLength": 2,
                "maxLength": 64
              },
              "text": {
                "type": "string",
                "maxLength": 280
              }
            },
            "required": [
              "by",
              "other",
              "text"
            ],
            "additionalProperties": false
          }
        },
        {
          "standard": "dcml_hello",
          "version": "1.0.0",
          "event": "refunded",
          "data": {
            "type": "object",
            "properties": {
              "by": {
                "type": "string",
                "format": "account-id",
                "minLength": 2,
                "maxLength": 64
              },
              "other": {
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
              "by",
              "other",
              "amount"
            ],
            "additionalProperties": false
          }
        },
        {
          "standard": "dcml_hello",
          "version": "1.0.0",
          "event": "withdrawn",
          "data": {
            "type": "object",
            "properties": {
              "to": {
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
              "to",
              "amount"
            ],
            "additionalProperties": false
          }
        }
      ],
      "root_schema": {
        "definitions": {},
        "$schema": "http://json-schema.org/draft-07/schema#"
      }
    }
  }
)
