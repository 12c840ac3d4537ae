// A typed client of the contract "por", made from its ABI by @dcml/near. Do not edit: generate it again.
import { type CallOptions, type Called, type ContractType, type ViewOptions, contractType } from '../index.ts'

export type Rules = { readonly treasury: string; readonly min_stake: bigint; readonly penalty: bigint; readonly slash_bps: number; readonly bounty: bigint; readonly activation_ms: bigint; readonly close_notice_ms: bigint; readonly challenge_ms: bigint; readonly reimbursement_ms: bigint }

export type EdgeParams = { readonly latency: number; readonly base_cost: bigint; readonly byte_cost: bigint; readonly min_late_rate: bigint; readonly max_late_rate: bigint; readonly sync: number; readonly max_inflight: number; readonly bytes_per_second: number }

export type Disconnection = { readonly disconnected: boolean; readonly since?: bigint | null | undefined; readonly version: bigint }

export type Node = { readonly account: string; readonly key: Uint8Array; readonly endpoint: string; readonly stake: bigint; readonly staked_at: bigint; readonly version: bigint; readonly isolated_since?: bigint | null | undefined; readonly isolated_at?: bigint | null | undefined }

export type NodesPage = { readonly nodes: readonly (Node)[]; readonly next?: number | null | undefined }

export type NextParams = { readonly params: EdgeParams; readonly effective_from: bigint }

export type Edge = { readonly id: bigint; readonly u: string; readonly v: string; readonly params: EdgeParams; readonly revision: number; readonly next?: NextParams | null | undefined; readonly status: 'pending' | 'active' | 'closing' | 'severed' | 'settled'; readonly active_from?: bigint | null | undefined; readonly ended_at?: bigint | null | undefined; readonly deposit_u: bigint; readonly deposit_v: bigint; readonly paid_u: bigint; readonly paid_v: bigint }

export type EdgesPage = { readonly edges: readonly (Edge)[]; readonly next?: bigint | null | undefined }

export type Totals = { readonly stakes: bigint; readonly deposits: bigint; readonly bonds: bigint; readonly escrow: bigint; readonly treasury: bigint; readonly owed: bigint; readonly storage: bigint }

/** What Por offers. */
export interface Por {
  /** Runs once, first. */
  open(args: { readonly rules: Rules }, options: CallOptions): Promise<Called<void>>
  /** The caller becomes a node under this key. What is attached beyond 0.01 NEAR of storage is its stake. Takes a deposit. */
  register_node(args: { readonly key: Uint8Array; readonly endpoint: string }, options: CallOptions): Promise<Called<void>>
  update_node(args: { readonly endpoint: string }, options: CallOptions): Promise<Called<void>>
  /** Takes a deposit. */
  add_stake(args: Record<string, never>, options: CallOptions): Promise<Called<void>>
  /** Ends the caller's registration and returns its stake, once it has no edge and no penalty is held. */
  withdraw_stake(args: Record<string, never>, options: CallOptions): Promise<Called<void>>
  /** Offers an edge; what is attached beyond bond and 0.022 NEAR of storage is the caller's deposit. Returns its id. Takes a deposit. */
  open_edge(args: { readonly peer: string; readonly params: EdgeParams }, options: CallOptions): Promise<Called<bigint>>
  /** Confirms an offer of exactly these terms; what is attached beyond bond and 0.004 NEAR is the caller's deposit. Takes a deposit. */
  confirm_edge(args: { readonly edge_id: bigint; readonly params_hash: Uint8Array }, options: CallOptions): Promise<Called<void>>
  cancel_edge(args: { readonly edge_id: bigint }, options: CallOptions): Promise<Called<void>>
  /** An end of the edge adds what it attached to its side. Takes a deposit. */
  deposit(args: { readonly edge_id: bigint }, options: CallOptions): Promise<Called<void>>
  /** New terms that both ends signed; anyone may bring them. */
  update_edge(args: { readonly edge_id: bigint; readonly revision: number; readonly params: EdgeParams; readonly effective_from: bigint; readonly signature_u: Uint8Array; readonly signature_v: Uint8Array }, options: CallOptions): Promise<Called<void>>
  /** An end announces the closure, free of charge. */
  start_close(args: { readonly edge_id: bigint }, options: CallOptions): Promise<Called<void>>
  /** Final balances that both ends signed, paid once the notice is over; anyone may bring them. */
  cooperative_close(args: { readonly edge_id: bigint; readonly balance_u: bigint; readonly balance_v: bigint; readonly not_before: bigint; readonly signature_u: Uint8Array; readonly signature_v: Uint8Array }, options: CallOptions): Promise<Called<void>>
  /** Carries out a cut that an end signed; anyone may bring it. False where the edge was no more. */
  sever(args: { readonly edge_id: bigint; readonly by: string; readonly signature: Uint8Array }, options: CallOptions): Promise<Called<boolean>>
  /** A voucher of an edge that ends; anyone may bring it. False where one of as much was there. */
  submit_voucher(args: { readonly edge_id: bigint; readonly by: string; readonly seq: bigint; readonly total: bigint; readonly signature: Uint8Array }, options: CallOptions): Promise<Called<boolean>>
  /** Pays an edge's deposits out by its best vouchers, after the challenge period; anyone may. */
  settle(args: { readonly edge_id: bigint }, options: CallOptions): Promise<Called<void>>
  /** Proves nodes to be cut off; anyone may. Returns how many were not known to be. */
  report_partition(args: { readonly cut: readonly (string)[]; readonly witness: readonly (string)[]; readonly tree: readonly (bigint)[] }, options: CallOptions): Promise<Called<number>>
  /** Begins a proof too long for one call, with storage for its nodes; see `collect_partition`. Returns its id. Takes a deposit. */
  start_partition(args: Record<string, never>, options: CallOptions): Promise<Called<bigint>>
  /** First, as often as needed: names nodes. Each but the first of its side hangs on one named before. */
  collect_partition(args: { readonly proof_id: bigint; readonly cut: readonly (string)[]; readonly witness: readonly (string)[]; readonly tree: readonly (bigint)[] }, options: CallOptions): Promise<Called<void>>
  /** Then, until every node was: checks that nodes are as they were, and that the cut is closed. */
  check_partition(args: { readonly proof_id: bigint; readonly cut: readonly (string)[]; readonly witness: readonly (string)[] }, options: CallOptions): Promise<Called<void>>
  /** Last, within an hour: declares up to 24 nodes cut off as of the first check. Returns how many were not known to be. */
  finish_partition(args: { readonly proof_id: bigint; readonly accounts: readonly (string)[] }, options: CallOptions): Promise<Called<number>>
  /** Or: who began a proof forgets nodes of it, and gets its storage back with the last. */
  drop_partition(args: { readonly proof_id: bigint; readonly accounts: readonly (string)[] }, options: CallOptions): Promise<Called<void>>
  /** The end of a severed edge that was cut off afterwards pays the other its half of the penalty; anyone may ask. */
  claim_reimbursement(args: { readonly edge_id: bigint }, options: CallOptions): Promise<Called<void>>
  /** After its window, a penalty goes to the treasury and what is left of the bonds back; anyone may ask. */
  release_escrow(args: { readonly edge_id: bigint }, options: CallOptions): Promise<Called<void>>
  /** Shows a path of active edges from a node that was cut off to one that is not; anyone may. */
  report_reconnect(args: { readonly account: string; readonly path: readonly (bigint)[] }, options: CallOptions): Promise<Called<void>>
  /** Sends what a transfer once failed to deliver; to the treasury, what penalties brought. */
  collect_owed(args: { readonly account: string }, options: CallOptions): Promise<Called<void>>
  /** Whether an account is proven to be cut off, or left; `since` is what its downtime counts from. */
  is_disconnected(args: { readonly account: string }, options?: ViewOptions): Promise<Disconnection>
  /** When the present isolation of an account was proven, or when it left; null for all others. */
  disconnected_since(args: { readonly account: string }, options?: ViewOptions): Promise<bigint | null>
  node_key(args: { readonly account: string }, options?: ViewOptions): Promise<Uint8Array | null>
  node(args: { readonly account: string }, options?: ViewOptions): Promise<Node | null>
  /** Nodes by the order they registered in, from the number `from` on, and the number to go on from. */
  nodes(args: { readonly from: number; readonly limit: number }, options?: ViewOptions): Promise<NodesPage>
  edge(args: { readonly edge_id: bigint }, options?: ViewOptions): Promise<Edge | null>
  /** Edges that are not settled, from an id on, and the id to go on from. */
  edges(args: { readonly from_id: bigint; readonly limit: number }, options?: ViewOptions): Promise<EdgesPage>
  /** Edges of an account that are not settled; offers to it are listed with those who made them. */
  edges_of(args: { readonly account: string }, options?: ViewOptions): Promise<readonly (Edge)[]>
  rules(args?: Record<string, never>, options?: ViewOptions): Promise<Rules>
  /** What the contract holds for others, by kind, in yoctoNEAR. */
  totals(args?: Record<string, never>, options?: ViewOptions): Promise<Totals>
  /** What a transfer failed to deliver to an account, in yoctoNEAR. */
  owed_of(args: { readonly account: string }, options?: ViewOptions): Promise<bigint>
  /** Counts the changes of the graph. */
  version(args?: Record<string, never>, options?: ViewOptions): Promise<bigint>
}

/** What Por logs. */
export type PorEvent =
  | { readonly standard: 'dcml_por'; readonly event: 'opened'; readonly data: { readonly treasury: string } }
  | { readonly standard: 'dcml_por'; readonly event: 'node_changed'; readonly data: { readonly cause: 'registered' | 'updated' | 'staked' | 'isolated' | 'reconnected'; readonly node: Node } }
  | { readonly standard: 'dcml_por'; readonly event: 'node_gone'; readonly data: { readonly account: string; readonly since: bigint } }
  | { readonly standard: 'dcml_por'; readonly event: 'edge_changed'; readonly data: { readonly cause: 'opened' | 'confirmed' | 'cancelled' | 'deposited' | 'updated' | 'closing' | 'severed' | 'voucher' | 'settled' | 'closed'; readonly edge: Edge } }
  | { readonly standard: 'dcml_por'; readonly event: 'edge_paid'; readonly data: { readonly edge_id: bigint; readonly u: string; readonly v: string; readonly balance_u: bigint; readonly balance_v: bigint } }
  | { readonly standard: 'dcml_por'; readonly event: 'penalty_held'; readonly data: { readonly edge_id: bigint; readonly by: string; readonly bounty: bigint } }
  | { readonly standard: 'dcml_por'; readonly event: 'penalty_ended'; readonly data: { readonly edge_id: bigint; readonly cause: 'claimed' | 'released'; readonly to_u: bigint; readonly to_v: bigint; readonly to_treasury: bigint } }
  | { readonly standard: 'dcml_por'; readonly event: 'proof_started'; readonly data: { readonly proof_id: bigint; readonly by: string } }
  | { readonly standard: 'dcml_por'; readonly event: 'proof_checked'; readonly data: { readonly proof_id: bigint; readonly at: bigint } }
  | { readonly standard: 'dcml_por'; readonly event: 'owed'; readonly data: { readonly account: string; readonly amount: bigint; readonly total: bigint } }
  | { readonly standard: 'dcml_por'; readonly event: 'owed_sent'; readonly data: { readonly account: string; readonly amount: bigint } }

/** Por at an address: `por(near, 'contract.near')`. */
export const por: ContractType<Por, PorEvent> = contractType<Por, PorEvent>(
  {
    "schema_version": "0.4.0",
    "metadata": {
      "name": "por",
      "wasm_hash": "AfMeGqAZHjjZPEzPTLxWrFBa3QEBuZdJV58gpNvr5yNj",
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
                "name": "rules",
                "type_schema": {
                  "$ref": "#/definitions/Rules"
                }
              }
            ]
          }
        },
        {
          "name": "register_node",
          "doc": "The caller becomes a node under this key. What is attached beyond 0.01 NEAR of storage is its stake.",
          "kind": "call",
          "modifiers": [
            "payable"
          ],
          "params": {
            "serialization_type": "json",
            "args": [
              {
                "name": "key",
                "type_schema": {
                  "type": "string",
                  "format": "hex",
                  "minLength": 64,
                  "maxLength": 64
                }
              },
              {
                "name": "endpoint",
                "type_schema": {
                  "type": "string",
                  "maxLength": 100
                }
              }
            ]
          }
        },
        {
          "name": "update_node",
          "kind": "call",
          "modifiers": [],
          "params": {
            "serialization_type": "json",
            "args": [
              {
                "name": "endpoint",
                "type_schema": {
                  "type": "string",
                  "maxLength": 100
                }
              }
            ]
          }
        },
        {
          "name": "add_stake",
          "kind": "call",
          "modifiers": [
            "payable"
          ]
        },
        {
          "name": "withdraw_stake",
          "doc": "Ends the caller's registration and returns its stake, once it has no edge and no penalty is held.",
          "kind": "call",
          "modifiers": []
        },
        {
          "name": "open_edge",
          "doc": "Offers an edge; what is attached beyond bond and 0.022 NEAR of storage is the caller's deposit. Returns its id.",
          "kind": "call",
          "modifiers": [
            "payable"
          ],
          "params": {
            "serialization_type": "json",
            "args": [
              {
                "name": "peer",
                "type_schema": {
                  "type": "string",
                  "format": "account-id",
                  "minLength": 2,
                  "maxLength": 64
                }
              },
              {
                "name": "params",
                "type_schema": {
                  "$ref": "#/definitions/EdgeParams"
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
          "name": "confirm_edge",
          "doc": "Confirms an offer of exactly these terms; what is attached beyond bond and 0.004 NEAR is the caller's deposit.",
          "kind": "call",
          "modifiers": [
            "payable"
          ],
          "params": {
            "serialization_type": "json",
            "args": [
              {
                "name": "edge_id",
                "type_schema": {
                  "type": "string",
                  "format": "uint64",
                  "pattern": "^(0|[1-9][0-9]*)$"
                }
              },
              {
                "name": "params_hash",
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
          "name": "cancel_edge",
          "kind": "call",
          "modifiers": [],
          "params": {
            "serialization_type": "json",
            "args": [
              {
                "name": "edge_id",
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
          "name": "deposit",
          "doc": "An end of the edge adds what it attached to its side.",
          "kind": "call",
          "modifiers": [
            "payable"
          ],
          "params": {
            "serialization_type": "json",
            "args": [
              {
                "name": "edge_id",
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
          "name": "update_edge",
          "doc": "New terms that both ends signed; anyone may bring them.",
          "kind": "call",
          "modifiers": [],
          "params": {
            "serialization_type": "json",
            "args": [
              {
                "name": "edge_id",
                "type_schema": {
                  "type": "string",
                  "format": "uint64",
                  "pattern": "^(0|[1-9][0-9]*)$"
                }
              },
              {
                "name": "revision",
                "type_schema": {
                  "type": "string",
                  "format": "uint32",
                  "pattern": "^(0|[1-9][0-9]*)$"
                }
              },
              {
                "name": "params",
                "type_schema": {
                  "$ref": "#/definitions/EdgeParams"
                }
              },
              {
                "name": "effective_from",
                "type_schema": {
                  "type": "string",
                  "format": "uint64",
                  "pattern": "^(0|[1-9][0-9]*)$"
                }
              },
              {
                "name": "signature_u",
                "type_schema": {
                  "type": "string",
                  "format": "base64",
                  "minLength": 88,
                  "maxLength": 88
                }
              },
              {
                "name": "signature_v",
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
          "doc": "An end announces the closure, free of charge.",
          "kind": "call",
          "modifiers": [],
          "params": {
            "serialization_type": "json",
            "args": [
              {
                "name": "edge_id",
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
          "name": "cooperative_close",
          "doc": "Final balances that both ends signed, paid once the notice is over; anyone may bring them.",
          "kind": "call",
          "modifiers": [],
          "params": {
            "serialization_type": "json",
            "args": [
              {
                "name": "edge_id",
                "type_schema": {
                  "type": "string",
                  "format": "uint64",
                  "pattern": "^(0|[1-9][0-9]*)$"
                }
              },
              {
                "name": "balance_u",
                "type_schema": {
                  "type": "string",
                  "format": "uint128",
                  "pattern": "^(0|[1-9][0-9]*)$"
                }
              },
              {
                "name": "balance_v",
                "type_schema": {
                  "type": "string",
                  "format": "uint128",
                  "pattern": "^(0|[1-9][0-9]*)$"
                }
              },
              {
                "name": "not_before",
                "type_schema": {
                  "type": "string",
                  "format": "uint64",
                  "pattern": "^(0|[1-9][0-9]*)$"
                }
              },
              {
                "name": "signature_u",
                "type_schema": {
                  "type": "string",
                  "format": "base64",
                  "minLength": 88,
                  "maxLength": 88
                }
              },
              {
                "name": "signature_v",
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
          "name": "sever",
          "doc": "Carries out a cut that an end signed; anyone may bring it. False where the edge was no more.",
          "kind": "call",
          "modifiers": [],
          "params": {
            "serialization_type": "json",
            "args": [
              {
                "name": "edge_id",
                "type_schema": {
                  "type": "string",
                  "format": "uint64",
                  "pattern": "^(0|[1-9][0-9]*)$"
                }
              },
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
                "name": "signature",
                "type_schema": {
                  "type": "string",
                  "format": "base64",
                  "minLength": 88,
                  "maxLength": 88
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
          "name": "submit_voucher",
          "doc": "A voucher of an edge that ends; anyone may bring it. False where one of as much was there.",
          "kind": "call",
          "modifiers": [],
          "params": {
            "serialization_type": "json",
            "args": [
              {
                "name": "edge_id",
                "type_schema": {
                  "type": "string",
                  "format": "uint64",
                  "pattern": "^(0|[1-9][0-9]*)$"
                }
              },
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
                "name": "seq",
                "type_schema": {
                  "type": "string",
                  "format": "uint64",
                  "pattern": "^(0|[1-9][0-9]*)$"
                }
              },
              {
                "name": "total",
                "type_schema": {
                  "type": "string",
                  "format": "uint128",
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
          },
          "result": {
            "serialization_type": "json",
            "type_schema": {
              "type": "boolean"
            }
          }
        },
        {
          "name": "settle",
          "doc": "Pays an edge's deposits out by its best vouchers, after the challenge period; anyone may.",
          "kind": "call",
          "modifiers": [],
          "params": {
            "serialization_type": "json",
            "args": [
              {
                "name": "edge_id",
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
          "name": "report_partition",
          "doc": "Proves nodes to be cut off; anyone may. Returns how many were not known to be.",
          "kind": "call",
          "modifiers": [],
          "params": {
            "serialization_type": "json",
            "args": [
              {
                "name": "cut",
                "type_schema": {
                  "type": "array",
                  "items": {
                    "type": "string",
                    "maxLength": 64
                  },
                  "maxItems": 24
                }
              },
              {
                "name": "witness",
                "type_schema": {
                  "type": "array",
                  "items": {
                    "type": "string",
                    "maxLength": 64
                  },
                  "maxItems": 512
                }
              },
              {
                "name": "tree",
                "type_schema": {
                  "type": "array",
                  "items": {
                    "type": "string",
                    "format": "uint64",
                    "pattern": "^(0|[1-9][0-9]*)$"
                  },
                  "maxItems": 511
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
          }
        },
        {
          "name": "start_partition",
          "doc": "Begins a proof too long for one call, with storage for its nodes; see `collect_partition`. Returns its id.",
          "kind": "call",
          "modifiers": [
            "payable"
          ],
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
          "name": "collect_partition",
          "doc": "First, as often as needed: names nodes. Each but the first of its side hangs on one named before.",
          "kind": "call",
          "modifiers": [],
          "params": {
            "serialization_type": "json",
            "args": [
              {
                "name": "proof_id",
                "type_schema": {
                  "type": "string",
                  "format": "uint64",
                  "pattern": "^(0|[1-9][0-9]*)$"
                }
              },
              {
                "name": "cut",
                "type_schema": {
                  "type": "array",
                  "items": {
                    "type": "string",
                    "maxLength": 64
                  },
                  "maxItems": 512
                }
              },
              {
                "name": "witness",
                "type_schema": {
                  "type": "array",
                  "items": {
                    "type": "string",
                    "maxLength": 64
                  },
                  "maxItems": 512
                }
              },
              {
                "name": "tree",
                "type_schema": {
                  "type": "array",
                  "items": {
                    "type": "string",
                    "format": "uint64",
                    "pattern": "^(0|[1-9][0-9]*)$"
                  },
                  "maxItems": 512
                }
              }
            ]
          }
        },
        {
          "name": "check_partition",
          "doc": "Then, until every node was: checks that nodes are as they were, and that the cut is closed.",
          "kind": "call",
          "modifiers": [],
          "params": {
            "serialization_type": "json",
            "args": [
              {
                "name": "proof_id",
                "type_schema": {
                  "type": "string",
                  "format": "uint64",
                  "pattern": "^(0|[1-9][0-9]*)$"
                }
              },
              {
                "name": "cut",
                "type_schema": {
                  "type": "array",
                  "items": {
                    "type": "string",
                    "maxLength": 64
                  },
                  "maxItems": 512
                }
              },
              {
                "name": "witness",
                "type_schema": {
                  "type": "array",
                  "items": {
                    "type": "string",
                    "maxLength": 64
                  },
                  "maxItems": 512
                }
              }
            ]
          }
        },
        {
          "name": "finish_partition",
          "doc": "Last, within an hour: declares up to 24 nodes cut off as of the first check. Returns how many were not known to be.",
          "kind": "call",
          "modifiers": [],
          "params": {
            "serialization_type": "json",
            "args": [
              {
                "name": "proof_id",
                "type_schema": {
                  "type": "string",
                  "format": "uint64",
                  "pattern": "^(0|[1-9][0-9]*)$"
                }
              },
              {
                "name": "accounts",
                "type_schema": {
                  "type": "array",
                  "items": {
                    "type": "string",
                    "maxLength": 64
                  },
                  "maxItems": 512
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
          }
        },
        {
          "name": "drop_partition",
          "doc": "Or: who began a proof forgets nodes of it, and gets its storage back with the last.",
          "kind": "call",
          "modifiers": [],
          "params": {
            "serialization_type": "json",
            "args": [
              {
                "name": "proof_id",
                "type_schema": {
                  "type": "string",
                  "format": "uint64",
                  "pattern": "^(0|[1-9][0-9]*)$"
                }
              },
              {
                "name": "accounts",
                "type_schema": {
                  "type": "array",
                  "items": {
                    "type": "string",
                    "maxLength": 64
                  },
                  "maxItems": 512
                }
              }
            ]
          }
        },
        {
          "name": "claim_reimbursement",
          "doc": "The end of a severed edge that was cut off afterwards pays the other its half of the penalty; anyone may ask.",
          "kind": "call",
          "modifiers": [],
          "params": {
            "serialization_type": "json",
            "args": [
              {
                "name": "edge_id",
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
          "name": "release_escrow",
          "doc": "After its window, a penalty goes to the treasury and what is left of the bonds back; anyone may ask.",
          "kind": "call",
          "modifiers": [],
          "params": {
            "serialization_type": "json",
            "args": [
              {
                "name": "edge_id",
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
          "name": "report_reconnect",
          "doc": "Shows a path of active edges from a node that was cut off to one that is not; anyone may.",
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
              },
              {
                "name": "path",
                "type_schema": {
                  "type": "array",
                  "items": {
                    "type": "string",
                    "format": "uint64",
                    "pattern": "^(0|[1-9][0-9]*)$"
                  },
                  "maxItems": 64
                }
              }
            ]
          }
        },
        {
          "name": "collect_owed",
          "doc": "Sends what a transfer once failed to deliver; to the treasury, what penalties brought.",
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
          "doc": "What became of one or two transfers of a call. Each outcome counts for itself.",
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
                  "maxItems": 2
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
                  "maxItems": 2
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
          "name": "is_disconnected",
          "doc": "Whether an account is proven to be cut off, or left; `since` is what its downtime counts from.",
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
              "$ref": "#/definitions/Disconnection"
            }
          }
        },
        {
          "name": "disconnected_since",
          "doc": "When the present isolation of an account was proven, or when it left; null for all others.",
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
                  "format": "uint64",
                  "pattern": "^(0|[1-9][0-9]*)$"
                },
                {
                  "type": "null"
                }
              ]
            }
          }
        },
        {
          "name": "node_key",
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
        },
        {
          "name": "node",
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
                  "$ref": "#/definitions/Node"
                },
                {
                  "type": "null"
                }
              ]
            }
          }
        },
        {
          "name": "nodes",
          "doc": "Nodes by the order they registered in, from the number `from` on, and the number to go on from.",
          "kind": "view",
          "modifiers": [],
          "params": {
            "serialization_type": "json",
            "args": [
              {
                "name": "from",
                "type_schema": {
                  "type": "string",
                  "format": "uint32",
                  "pattern": "^(0|[1-9][0-9]*)$"
                }
              },
              {
                "name": "limit",
                "type_schema": {
                  "type": "string",
                  "format": "uint32",
                  "pattern": "^(0|[1-9][0-9]*)$"
                }
              }
            ]
          },
          "result": {
            "serialization_type": "json",
            "type_schema": {
              "$ref": "#/definitions/NodesPage"
            }
          }
        },
        {
          "name": "edge",
          "kind": "view",
          "modifiers": [],
          "params": {
            "serialization_type": "json",
            "args": [
              {
                "name": "edge_id",
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
                  "$ref": "#/definitions/Edge"
                },
                {
                  "type": "null"
                }
              ]
            }
          }
        },
        {
          "name": "edges",
          "doc": "Edges that are not settled, from an id on, and the id to go on from.",
          "kind": "view",
          "modifiers": [],
          "params": {
            "serialization_type": "json",
            "args": [
              {
                "name": "from_id",
                "type_schema": {
                  "type": "string",
                  "format": "uint64",
                  "pattern": "^(0|[1-9][0-9]*)$"
                }
              },
              {
                "name": "limit",
                "type_schema": {
                  "type": "string",
                  "format": "uint32",
                  "pattern": "^(0|[1-9][0-9]*)$"
                }
              }
            ]
          },
          "result": {
            "serialization_type": "json",
            "type_schema": {
              "$ref": "#/definitions/EdgesPage"
            }
          }
        },
        {
          "name": "edges_of",
          "doc": "Edges of an account that are not settled; offers to it are listed with those who made them.",
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
              "type": "array",
              "items": {
                "$ref": "#/definitions/Edge"
              },
              "maxItems": 64
            }
          }
        },
        {
          "name": "rules",
          "kind": "view",
          "modifiers": [],
          "result": {
            "serialization_type": "json",
            "type_schema": {
              "$ref": "#/definitions/Rules"
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
        },
        {
          "name": "owed_of",
          "doc": "What a transfer failed to deliver to an account, in yoctoNEAR.",
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
          "name": "version",
          "doc": "Counts the changes of the graph.",
          "kind": "view",
          "modifiers": [],
          "result": {
            "serialization_type": "json",
            "type_schema": {
              "type": "string",
              "format": "uint64",
              "pattern": "^(0|[1-9][0-9]*)$"
            }
          }
        }
      ],
      "events": [
        {
          "standard": "dcml_por",
          "version": "1.0.0",
          "event": "opened",
          "data": {
            "type": "object",
            "properties": {
              "treasury": {
                "type": "string",
                "format": "account-id",
                "minLength": 2,
                "maxLength": 64
              }
            },
            "required": [
              "treasury"
            ],
            "additionalProperties": false
          }
        },
        {
          "standard": "dcml_por",
          "version": "1.0.0",
          "event": "node_changed",
          "data": {
            "type": "object",
            "properties": {
              "cause": {
                "type": "string",
                "enum": [
                  "registered",
                  "updated",
                  "staked",
                  "isolated",
                  "reconnected"
                ]
              },
              "node": {
                "$ref": "#/definitions/Node"
              }
            },
            "required": [
              "cause",
              "node"
            ],
            "additionalProperties": false
          }
        },
        {
          "standard": "dcml_por",
          "version": "1.0.0",
          "event": "node_gone",
          "data": {
            "type": "object",
            "properties": {
              "account": {
                "type": "string",
                "format": "account-id",
                "minLength": 2,
                "maxLength": 64
              },
              "since": {
                "type": "string",
                "format": "uint64",
                "pattern": "^(0|[1-9][0-9]*)$"
              }
            },
            "required": [
              "account",
              "since"
            ],
            "additionalProperties": false
          }
        },
        {
          "standard": "dcml_por",
          "version": "1.0.0",
          "event": "edge_changed",
          "data": {
            "type": "object",
            "properties": {
              "cause": {
                "type": "string",
                "enum": [
                  "opened",
                  "confirmed",
                  "cancelled",
                  "deposited",
                  "updated",
                  "closing",
                  "severed",
                  "voucher",
                  "settled",
                  "closed"
                ]
              },
              "edge": {
                "$ref": "#/definitions/Edge"
              }
            },
            "required": [
              "cause",
              "edge"
            ],
            "additionalProperties": false
          }
        },
        {
          "standard": "dcml_por",
          "version": "1.0.0",
          "event": "edge_paid",
          "data": {
            "type": "object",
            "properties": {
              "edge_id": {
                "type": "string",
                "format": "uint64",
                "pattern": "^(0|[1-9][0-9]*)$"
              },
              "u": {
                "type": "string",
                "format": "account-id",
                "minLength": 2,
                "maxLength": 64
              },
              "v": {
                "type": "string",
                "format": "account-id",
                "minLength": 2,
                "maxLength": 64
              },
              "balance_u": {
                "type": "string",
                "format": "uint128",
                "pattern": "^(0|[1-9][0-9]*)$"
              },
              "balance_v": {
                "type": "string",
                "format": "uint128",
                "pattern": "^(0|[1-9][0-9]*)$"
              }
            },
            "required": [
              "edge_id",
              "u",
              "v",
              "balance_u",
              "balance_v"
            ],
            "additionalProperties": false
          }
        },
        {
          "standard": "dcml_por",
          "version": "1.0.0",
          "event": "penalty_held",
          "data": {
            "type": "object",
            "properties": {
              "edge_id": {
                "type": "string",
                "format": "uint64",
                "pattern": "^(0|[1-9][0-9]*)$"
              },
              "by": {
                "type": "string",
                "format": "account-id",
                "minLength": 2,
                "maxLength": 64
              },
              "bounty": {
                "type": "string",
                "format": "uint128",
                "pattern": "^(0|[1-9][0-9]*)$"
              }
            },
            "required": [
              "edge_id",
              "by",
              "bounty"
            ],
            "additionalProperties": false
          }
        },
        {
          "standard": "dcml_por",
          "version": "1.0.0",
          "event": "penalty_ended",
          "data": {
            "type": "object",
            "properties": {
              "edge_id": {
                "type": "string",
                "format": "uint64",
                "pattern": "^(0|[1-9][0-9]*)$"
              },
              "cause": {
                "type": "string",
                "enum": [
                  "claimed",
                  "released"
                ]
              },
              "to_u": {
                "type": "string",
                "format": "uint128",
                "pattern": "^(0|[1-9][0-9]*)$"
              },
              "to_v": {
                "type": "string",
                "format": "uint128",
                "pattern": "^(0|[1-9][0-9]*)$"
              },
              "to_treasury": {
                "type": "string",
                "format": "uint128",
                "pattern": "^(0|[1-9][0-9]*)$"
              }
            },
            "required": [
              "edge_id",
              "cause",
              "to_u",
              "to_v",
              "to_treasury"
            ],
            "additionalProperties": false
          }
        },
        {
          "standard": "dcml_por",
          "version": "1.0.0",
          "event": "proof_started",
          "data": {
            "type": "object",
            "properties": {
              "proof_id": {
                "type": "string",
                "format": "uint64",
                "pattern": "^(0|[1-9][0-9]*)$"
              },
              "by": {
                "type": "string",
                "format": "account-id",
                "minLength": 2,
                "maxLength": 64
              }
            },
            "required": [
              "proof_id",
              "by"
            ],
            "additionalProperties": false
          }
        },
        {
          "standard": "dcml_por",
          "version": "1.0.0",
          "event": "proof_checked",
          "data": {
            "type": "object",
            "properties": {
              "proof_id": {
                "type": "string",
                "format": "uint64",
                "pattern": "^(0|[1-9][0-9]*)$"
              },
              "at": {
                "type": "string",
                "format": "uint64",
                "pattern": "^(0|[1-9][0-9]*)$"
              }
            },
            "required": [
              "proof_id",
              "at"
            ],
            "additionalProperties": false
          }
        },
        {
          "standard": "dcml_por",
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
          "standard": "dcml_por",
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
          "Rules": {
            "type": "object",
            "properties": {
              "treasury": {
                "type": "string",
                "format": "account-id",
                "minLength": 2,
                "maxLength": 64
              },
              "min_stake": {
                "type": "string",
                "format": "uint128",
                "pattern": "^(0|[1-9][0-9]*)$"
              },
              "penalty": {
                "type": "string",
                "format": "uint128",
                "pattern": "^(0|[1-9][0-9]*)$"
              },
              "slash_bps": {
                "type": "string",
                "format": "uint16",
                "pattern": "^(0|[1-9][0-9]*)$"
              },
              "bounty": {
                "type": "string",
                "format": "uint128",
                "pattern": "^(0|[1-9][0-9]*)$"
              },
              "activation_ms": {
                "type": "string",
                "format": "uint64",
                "pattern": "^(0|[1-9][0-9]*)$"
              },
              "close_notice_ms": {
                "type": "string",
                "format": "uint64",
                "pattern": "^(0|[1-9][0-9]*)$"
              },
              "challenge_ms": {
                "type": "string",
                "format": "uint64",
                "pattern": "^(0|[1-9][0-9]*)$"
              },
              "reimbursement_ms": {
                "type": "string",
                "format": "uint64",
                "pattern": "^(0|[1-9][0-9]*)$"
              }
            },
            "required": [
              "treasury",
              "min_stake",
              "penalty",
              "slash_bps",
              "bounty",
              "activation_ms",
              "close_notice_ms",
              "challenge_ms",
              "reimbursement_ms"
            ],
            "additionalProperties": false
          },
          "EdgeParams": {
            "type": "object",
            "properties": {
              "latency": {
                "type": "string",
                "format": "uint32",
                "pattern": "^(0|[1-9][0-9]*)$"
              },
              "base_cost": {
                "type": "string",
                "format": "uint128",
                "pattern": "^(0|[1-9][0-9]*)$"
              },
              "byte_cost": {
                "type": "string",
                "format": "uint128",
                "pattern": "^(0|[1-9][0-9]*)$"
              },
              "min_late_rate": {
                "type": "string",
                "format": "uint128",
                "pattern": "^(0|[1-9][0-9]*)$"
              },
              "max_late_rate": {
                "type": "string",
                "format": "uint128",
                "pattern": "^(0|[1-9][0-9]*)$"
              },
              "sync": {
                "type": "string",
                "format": "uint32",
                "pattern": "^(0|[1-9][0-9]*)$"
              },
              "max_inflight": {
                "type": "string",
                "format": "uint16",
                "pattern": "^(0|[1-9][0-9]*)$"
              },
              "bytes_per_second": {
                "type": "string",
                "format": "uint32",
                "pattern": "^(0|[1-9][0-9]*)$"
              }
            },
            "required": [
              "latency",
              "base_cost",
              "byte_cost",
              "min_late_rate",
              "max_late_rate",
              "sync",
              "max_inflight",
              "bytes_per_second"
            ],
            "additionalProperties": false
          },
          "Disconnection": {
            "type": "object",
            "properties": {
              "disconnected": {
                "type": "boolean"
              },
              "since": {
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
              },
              "version": {
                "type": "string",
                "format": "uint64",
                "pattern": "^(0|[1-9][0-9]*)$"
              }
            },
            "required": [
              "disconnected",
              "version"
            ],
            "additionalProperties": false
          },
          "Node": {
            "type": "object",
            "properties": {
              "account": {
                "type": "string",
                "format": "account-id",
                "minLength": 2,
                "maxLength": 64
              },
              "key": {
                "type": "string",
                "format": "hex",
                "minLength": 64,
                "maxLength": 64
              },
              "endpoint": {
                "type": "string",
                "maxLength": 100
              },
              "stake": {
                "type": "string",
                "format": "uint128",
                "pattern": "^(0|[1-9][0-9]*)$"
              },
              "staked_at": {
                "type": "string",
                "format": "uint64",
                "pattern": "^(0|[1-9][0-9]*)$"
              },
              "version": {
                "type": "string",
                "format": "uint64",
                "pattern": "^(0|[1-9][0-9]*)$"
              },
              "isolated_since": {
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
              },
              "isolated_at": {
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
            },
            "required": [
              "account",
              "key",
              "endpoint",
              "stake",
              "staked_at",
              "version"
            ],
            "additionalProperties": false
          },
          "NodesPage": {
            "type": "object",
            "properties": {
              "nodes": {
                "type": "array",
                "items": {
                  "$ref": "#/definitions/Node"
                },
                "maxItems": 100
              },
              "next": {
                "anyOf": [
                  {
                    "type": "string",
                    "format": "uint32",
                    "pattern": "^(0|[1-9][0-9]*)$"
                  },
                  {
                    "type": "null"
                  }
                ]
              }
            },
            "required": [
              "nodes"
            ],
            "additionalProperties": false
          },
          "NextParams": {
            "type": "object",
            "properties": {
              "params": {
                "$ref": "#/definitions/EdgeParams"
              },
              "effective_from": {
                "type": "string",
                "format": "uint64",
                "pattern": "^(0|[1-9][0-9]*)$"
              }
            },
            "required": [
              "params",
              "effective_from"
            ],
            "additionalProperties": false
          },
          "Edge": {
            "type": "object",
            "properties": {
              "id": {
                "type": "string",
                "format": "uint64",
                "pattern": "^(0|[1-9][0-9]*)$"
              },
              "u": {
                "type": "string",
                "format": "account-id",
                "minLength": 2,
                "maxLength": 64
              },
              "v": {
                "type": "string",
                "format": "account-id",
                "minLength": 2,
                "maxLength": 64
              },
              "params": {
                "$ref": "#/definitions/EdgeParams"
              },
              "revision": {
                "type": "string",
                "format": "uint32",
                "pattern": "^(0|[1-9][0-9]*)$"
              },
              "next": {
                "anyOf": [
                  {
                    "$ref": "#/definitions/NextParams"
                  },
                  {
                    "type": "null"
                  }
                ]
              },
              "status": {
                "type": "string",
                "enum": [
                  "pending",
                  "active",
                  "closing",
                  "severed",
                  "settled"
                ]
              },
              "active_from": {
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
              },
              "ended_at": {
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
              },
              "deposit_u": {
                "type": "string",
                "format": "uint128",
                "pattern": "^(0|[1-9][0-9]*)$"
              },
              "deposit_v": {
                "type": "string",
                "format": "uint128",
                "pattern": "^(0|[1-9][0-9]*)$"
              },
              "paid_u": {
                "type": "string",
                "format": "uint128",
                "pattern": "^(0|[1-9][0-9]*)$"
              },
              "paid_v": {
                "type": "string",
                "format": "uint128",
                "pattern": "^(0|[1-9][0-9]*)$"
              }
            },
            "required": [
              "id",
              "u",
              "v",
              "params",
              "revision",
              "status",
              "deposit_u",
              "deposit_v",
              "paid_u",
              "paid_v"
            ],
            "additionalProperties": false
          },
          "EdgesPage": {
            "type": "object",
            "properties": {
              "edges": {
                "type": "array",
                "items": {
                  "$ref": "#/definitions/Edge"
                },
                "maxItems": 100
              },
              "next": {
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
            },
            "required": [
              "edges"
            ],
            "additionalProperties": false
          },
          "Totals": {
            "type": "object",
            "properties": {
              "stakes": {
                "type": "string",
                "format": "uint128",
                "pattern": "^(0|[1-9][0-9]*)$"
              },
              "deposits": {
                "type": "string",
                "format": "uint128",
                "pattern": "^(0|[1-9][0-9]*)$"
              },
              "bonds": {
                "type": "string",
                "format": "uint128",
                "pattern": "^(0|[1-9][0-9]*)$"
              },
              "escrow": {
                "type": "string",
                "format": "uint128",
                "pattern": "^(0|[1-9][0-9]*)$"
              },
              "treasury": {
                "type": "string",
                "format": "uint128",
                "pattern": "^(0|[1-9][0-9]*)$"
              },
              "owed": {
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
              "stakes",
              "deposits",
              "bonds",
              "escrow",
              "treasury",
              "owed",
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
