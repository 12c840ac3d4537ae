// The flags of every command that talks to NEAR: which chain, who signs, which contract.
import { readFileSync, statSync } from 'node:fs'
import { accountFromKey, connectNear, type Near, type NearAccount } from '@dcml/near'
import { parsePrice } from '@dcml/near/model'
import { DcmlError, parseAmount } from '@dcml/protocol'
import { type Command, InvalidArgumentError, Option } from 'commander'
import * as v from 'valibot'
import { collect, named } from './options.ts'

/** Of a command that reads the chain. */
export interface NearFlags {
  network?: string
  node?: string[]
}

/** Of a command that signs transactions. */
export interface SignerFlags extends NearFlags {
  account?: string
  key?: string
}

/** Of a command about one model contract. */
export interface ContractFlags {
  contract?: string
}

export const nearOptions = {
  network: () => named('--network <id>', 'chain id, such as testnet, or localnet of `dcml devchain`'),
  node: () => named('--node <url>', 'JSON-RPC of a NEAR node; repeatable, best first').argParser(collect),
  account: () => named('--account <id>', 'NEAR account that signs and pays (default: the one the key file names)'),
  // a file, as arguments are seen by everybody on the machine
  key: () =>
    new Option('--key <file>', "file with the account's key: ed25519:…, or NEAR credentials JSON").env('DCML_NEAR_KEY'),
  contract: () => named('--contract <account>', 'NEAR account of the model contract'),
  por: () => named('--por-account <account>', 'NEAR account of the Proof of Response contract'),
  deployment: () =>
    named('--deployment <hash>', 'transaction that opened the contract: `contract deploy` told it to its owner'),
  /** A flag with an amount of money. */
  amount: (flags: string, description: string) =>
    new Option(flags, `${description}, such as "1.5 NEAR"`).argParser(amount),
  /** A flag with a price of tokens. */
  price: (flags: string, description: string) =>
    new Option(flags, `${description}, such as "0.5 NEAR per million tokens"`).argParser(price),
}

/** Reads an argument with an amount of money. @throws InvalidArgumentError of commander */
export const amount = (text: string): bigint => readArgument(parseAmount, text)
const price = (text: string): bigint => readArgument(parsePrice, text)

/** Gives a command the flags of the chain. */
export const withNear = (command: Command): Command =>
  command.addOption(nearOptions.network()).addOption(nearOptions.node())

/** Gives a command the flags of the chain and of who signs. */
export const withSigner = (command: Command): Command =>
  withNear(command).addOption(nearOptions.account()).addOption(nearOptions.key())

/**
 * Connects, and sees that the nodes are of the network that is meant: signatures of channels are bound to its id.
 * @throws DcmlError `near_network_missing`, `near_network_wrong`, those of `connectNear` and `Near.request`
 */
export async function connect({ network, node = [] }: NearFlags): Promise<Near> {
  if (network === undefined)
    throw missing('near_network_missing', 'Nothing says which NEAR network is meant.', '--network ID and --node URL')
  const near = connectNear({ networkId: network, nodes: node })
  const { chain_id } = v.parse(v.looseObject({ chain_id: v.string() }), await near.request('status', []))
  if (chain_id === network) return near
  throw new DcmlError('near_network_wrong', `The node is of the network "${chain_id}", not "${network}".`, {
    hint: 'Correct --network or --node.',
  })
}

/** @throws DcmlError `near_contract_unnamed` */
export function contractOf({ contract }: ContractFlags): string {
  if (contract !== undefined) return contract
  throw missing('near_contract_unnamed', 'Nothing says which model contract is meant.', '--contract ACCOUNT')
}

/** Of a command about one Proof of Response network. */
export interface PorFlags {
  porAccount?: string
}

/** @throws DcmlError `near_contract_unnamed` */
export function porOf({ porAccount }: PorFlags): string {
  if (porAccount !== undefined) return porAccount
  throw missing(
    'near_contract_unnamed',
    'Nothing says which Proof of Response contract is meant.',
    '--por-account ACCOUNT',
  )
}

const secret = v.pipe(v.string(), v.startsWith('ed25519:'))
const credentials = v.looseObject({
  account_id: v.optional(v.string()),
  private_key: v.optional(secret),
  secret_key: v.optional(secret),
})
/** What may be a key of any curve, or one without the name of its curve: no error repeats it. */
const LIKE_A_KEY = /^([a-z0-9-]+:[1-9A-HJ-NP-Za-km-z]{40,}|[1-9A-HJ-NP-Za-km-z]{80,})$/
const MAX_BYTES = 16_384

/**
 * Reads who signs. The key is in no error.
 * @throws DcmlError `near_key_missing`, `file_unreadable`, `near_key_exposed`, `near_key_invalid`, `near_account_missing`
 */
export function readAccount({ account, key: path }: SignerFlags): NearAccount {
  if (path === undefined) throw missing('near_key_missing', 'Nothing says who signs.', '--key FILE and --account ID')
  const found = parseKey(readPrivate(path), path)
  const accountId = account ?? found.accountId
  if (accountId === undefined)
    throw missing('near_account_missing', `${path} does not name the account of its key.`, '--account ID')
  return accountFromKey(accountId, found.key)
}

function parseKey(text: string, path: string): { accountId?: string; key: string } {
  if (v.is(secret, text)) return { key: text }
  try {
    const { account_id: accountId, private_key, secret_key } = v.parse(credentials, JSON.parse(text))
    const key = private_key ?? secret_key
    if (key !== undefined) return { key, ...(accountId !== undefined && { accountId }) }
  } catch {
    // what failed may quote the key: it is neither shown nor kept as a cause
  }
  throw new DcmlError('near_key_invalid', `${path} holds no key of a NEAR account.`, {
    hint: 'Give a file with "ed25519:…" on one line, or the credentials JSON that NEAR tools write.',
  })
}

function readPrivate(path: string): string {
  if (v.is(secret, path) || LIKE_A_KEY.test(path))
    throw new DcmlError('near_key_exposed', 'A key stands on the command line, where others can read it.', {
      hint: 'Write it into a file of yours (chmod 600), name that, and give the account another key.',
    })
  try {
    const { mode, size } = statSync(path)
    // Windows has no such bits; there the folder's access list decides
    if (process.platform === 'win32' || (mode & 0o077) === 0)
      return size > MAX_BYTES ? '' : readFileSync(path, 'utf8').trim()
  } catch (cause) {
    throw new DcmlError('file_unreadable', `${path} cannot be read.`, { hint: 'Check path and permissions.', cause })
  }
  throw new DcmlError('near_key_exposed', `${path} can be read by others.`, {
    hint: `Run: chmod 600 ${path}. If others may have read it, give the account another key.`,
  })
}

function readArgument<T>(read: (text: string) => T, text: string): T {
  try {
    return read(text)
  } catch (error) {
    if (!DcmlError.isInstance(error)) throw error
    throw new InvalidArgumentError(`${error.message} ${error.hint}`)
  }
}

const missing = (code: string, message: string, flags: string): DcmlError =>
  new DcmlError(code, message, { hint: `Give ${flags}.` })
