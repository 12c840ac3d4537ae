// near-api-js throws one class per failure of NEAR; here each becomes a stable code and a sentence that says what to do.
import { DcmlError } from '@dcml/protocol'
import * as rpc from 'near-api-js/rpc-errors'

type ErrorClass = abstract new (...args: never[]) => Error

const meanings: readonly (readonly [classes: readonly ErrorClass[], code: string, hint: string])[] = [
  [
    [rpc.AccountDoesNotExistError, rpc.SignerDoesNotExistError],
    'near_account_unknown',
    'Check the account id and the network.',
  ],
  [
    [rpc.ContractCodeDoesNotExistError],
    'near_contract_missing',
    'No contract is deployed there: check the account id and the network.',
  ],
  [
    [rpc.GlobalContractCodeDoesNotExistError],
    'near_code_unknown',
    'Nobody has published this code on the network: check the hash and the network, or publish it.',
  ],
  [
    [rpc.ContractMethodNotFoundError],
    'near_method_missing',
    'The contract has no such method: regenerate the client from the ABI of what is deployed.',
  ],
  [
    [rpc.AccessKeyDoesNotExistError],
    'near_key_unknown',
    'The account has no such access key: check the key, or add it.',
  ],
  [
    [rpc.UnknownBlockError, rpc.GarbageCollectedBlockError],
    'near_block_unknown',
    'This node does not keep the block: ask an archival node, or for a newer block.',
  ],
  [
    [rpc.UnknownTransactionError, rpc.UnknownTransactionOrReceiptError, rpc.UnknownReceiptError],
    'near_transaction_unknown',
    'The node has not seen this transaction or receipt: wait, or ask an archival node.',
  ],
  [
    [rpc.NotConfirmedError, rpc.InconsistentStateError],
    'near_not_final',
    'The head does not cover it yet: wait for finality, then ask again.',
  ],
  [
    [rpc.ContractExecutionError],
    'near_contract_failed',
    'The contract refused the call; its own words are in the message.',
  ],
  [
    [rpc.RequestValidationError],
    'near_request_invalid',
    'The node did not understand the request: check the parameters and the node version.',
  ],
]

/** After these the same request may succeed, here or at another node. */
const transient: readonly ErrorClass[] = [
  rpc.InternalRpcError,
  rpc.InternalHandlerError,
  rpc.TransactionTimeoutError,
  rpc.NodeIsSyncingError,
  rpc.NoNewBlocksError,
  rpc.NoSyncedBlocksError,
  rpc.NotSyncedYetError,
  rpc.UnavailableShardError,
  rpc.DoesNotTrackShardError,
  rpc.RequestRoutedError,
  rpc.ShardCongestedError,
  rpc.ShardStuckError,
]

/** Not valid, or not payable: judged before anything runs. */
const refused: readonly ErrorClass[] = [rpc.TransactionExecutionError, rpc.InvalidTransactionError]

const isOneOf = (value: unknown, classes: readonly ErrorClass[]): boolean =>
  classes.some((type) => value instanceof type)

/**
 * Turns whatever near-api-js threw into a {@link DcmlError} with code `near_…`; the original is its `cause`.
 * @param url of the node: near-api-js shows it whole, and providers put keys into it
 */
export function nearError(thrown: unknown, what: string, url?: string): DcmlError {
  if (DcmlError.isInstance(thrown)) return thrown
  const said = thrown instanceof Error ? thrown.message : String(thrown)
  const text = url === undefined ? said : said.replaceAll(url, new URL(url).origin)
  const cause = text === said ? thrown : new Error(text)
  if (isOneOf(cause, transient))
    return new DcmlError('near_node_busy', `${what}: ${text}`, {
      hint: 'The node is behind or overloaded: try again, or name a second node.',
      retryable: true,
      cause,
    })
  const meaning = meanings.find(([classes]) => isOneOf(cause, classes))
  if (meaning !== undefined) return new DcmlError(meaning[1], `${what}: ${text}`, { hint: meaning[2], cause })
  if (isOneOf(cause, refused))
    return new DcmlError('near_transaction_refused', `${what}: ${text}`, {
      hint: 'NEAR refused the transaction before running it; nothing was spent.',
      details: { kind: (cause as Error).constructor.name },
      cause,
    })
  if (cause instanceof rpc.RpcError)
    return text.startsWith('wasm execution failed')
      ? new DcmlError('near_contract_failed', `${what}: ${text}`, {
          hint: 'The contract refused the call; its own words are in the message.',
          cause,
        })
      : new DcmlError('near_rpc_refused', `${what}: ${text}`, { hint: 'See the message of the node.', cause })
  // near-api-js puts the HTTP status into `cause` (503, 429 …); all else is the network or a body that is not JSON-RPC
  return new DcmlError('near_unreachable', `${what}: ${text}`, {
    hint: 'Check the network and the URL of the node, or name a second node.',
    retryable: true,
    cause,
  })
}
