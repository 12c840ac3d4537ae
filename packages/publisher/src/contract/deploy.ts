import { type Cancellable, type Near, sendTransaction, tgas } from '@dcml/near'
import { DcmlError, formatAmount, utf8 } from '@dcml/protocol'
import { actions, baseDecode } from 'near-api-js'
import * as v from 'valibot'
import { isPublished, modelCode, publishModelCode } from './code.ts'
import { type DeploymentTerms, readTerms } from './opening.ts'
import { finalHeight, type OwnerOptions, requireAccounts } from './owner.ts'

/** Where the code lies: shared by all models under its hash, or a copy in the account of this one. */
export type CodePlace = 'shared' | 'own'

export interface DeployOptions extends OwnerOptions {
  /** The account to make, one level below `account`: `tale.charlie.near` for `charlie.near`. It gets no key. */
  readonly contract: string
  readonly terms: DeploymentTerms
  /** Default `shared`. */
  readonly code?: CodePlace
}

/** What a deployment takes, in yoctoNEAR. */
export interface DeploymentCost {
  /** SHA-256 of the code in base58, as `view_account` shows it. */
  readonly codeHash: string
  /** Burnt for publishing the code, once per network; 0 where it is published, or an own copy is used. */
  readonly code: bigint
  /** Goes into the account, for its storage; an account without a key never gives it back. */
  readonly balance: bigint
  /** Burnt: gas at the price of now, and NEAR's charge for a new account. At most. */
  readonly fees: bigint
  readonly total: bigint
}

/** A model contract that is open. */
export interface Deployment {
  readonly contract: string
  readonly codeHash: string
  /** Transactions, in order: the code's where it was published now, and the opening. */
  readonly hashes: readonly string[]
  /** A block before the opening: where {@link income} begins to read. */
  readonly fromBlock: number
}

/** Of the account, its code by hash, and its terms at their longest; the test of the deployment shows that it suffices. */
const BALANCE = 20n * 10n ** 21n
/** For each byte that an account holds, and for each of global code, which is burnt (NEP-591). */
const PER_BYTE = 10n ** 19n
const PER_SHARED_BYTE = 10n ** 20n
/** Measured with this code, and a tenth more. */
const BURNS = { publish: tgas(46), open: tgas(13), openOwn: tgas(79) }
const OPEN_GAS = tgas(20)
/** What NEAR charges for an account beyond its gas (protocol 86). */
const NEW_ACCOUNT = 7n * 10n ** 21n
/** Gas is bought at ten times the least price; what was too much comes back. */
const HELD = 10n ** 23n

/**
 * What {@link deployModelContract} would cost now. Nothing is sent.
 * @throws DcmlError what `Near.request` throws
 */
export async function deploymentCost(options: Cancellable & { near: Near; code?: CodePlace }): Promise<DeploymentCost> {
  const { near, code: place = 'shared', ...cancel } = options
  const { wasm, codeHash } = modelCode()
  const bytes = BigInt(wasm.length)
  const publishes = place === 'shared' && !(await isPublished(near, codeHash, cancel))
  const price = v.parse(gasPrice, await near.request('gas_price', [null], cancel)).gas_price
  const code = publishes ? bytes * PER_SHARED_BYTE : 0n
  const balance = place === 'own' ? BALANCE + bytes * PER_BYTE : BALANCE
  const gas = price * ((publishes ? BURNS.publish : 0n) + (place === 'own' ? BURNS.openOwn : BURNS.open))
  const fees = gas + NEW_ACCOUNT
  return { codeHash, code, balance, fees, total: code + balance + fees }
}

const gasPrice = v.object({
  gas_price: v.pipe(
    v.string(),
    v.digits(),
    v.transform((text) => BigInt(text)),
  ),
})

/**
 * Deploys a model contract (paper §6): publishes the code where the network has not got it, then makes an account, gives
 * it the code and opens it, all in one transaction or not at all. The account has no key, so nobody can change its code,
 * the owner included.
 * @throws DcmlError `contract_exists`, `contract_name_invalid`, `contract_terms_invalid`, `account_unknown`,
 * `contract_funds_missing` (all before anything is sent), and what `sendTransaction` throws
 */
export async function deployModelContract(options: DeployOptions): Promise<Deployment> {
  const { contract, terms, code = 'shared', ...rest } = options
  const { near, account, signal } = rest
  const cancel = signal === undefined ? {} : { signal }
  const opening = readTerms(terms)
  if (contract.slice(contract.indexOf('.') + 1) !== account.accountId || !contract.includes('.'))
    throw new DcmlError('contract_name_invalid', `${contract} is not one level below ${account.accountId}.`, {
      hint: `NEAR lets an account make accounts below itself only: name it something.${account.accountId}.`,
    })
  await refuseExisting(near, contract, cancel)
  await requireAccounts(near, [terms.owner, terms.beneficiary], cancel)
  const cost = await deploymentCost({ near, code, ...cancel })
  await refusePoor(near, account.accountId, cost.total + HELD, cancel)

  const fromBlock = await finalHeight(near, cancel)
  const hashes = cost.code > 0n ? [await publishModelCode(rest)] : []
  const { wasm, codeHash } = modelCode()
  const { hash } = await sendTransaction(near, {
    ...rest,
    receiverId: contract,
    actions: [
      actions.createAccount(),
      actions.transfer(cost.balance),
      code === 'own' ? actions.deployContract(wasm) : actions.useGlobalContract({ codeHash: baseDecode(codeHash) }),
      actions.functionCall('open', utf8(JSON.stringify(opening)), OPEN_GAS, 0n),
    ],
  })
  return { contract, codeHash, hashes: [...hashes, hash], fromBlock }
}

const viewAccount = (account_id: string) => ({ request_type: 'view_account', finality: 'optimistic', account_id })

async function refuseExisting(near: Near, contract: string, cancel: Cancellable): Promise<void> {
  try {
    await near.request('query', viewAccount(contract), cancel)
  } catch (error) {
    if (DcmlError.isInstance(error) && error.code === 'near_account_unknown') return
    throw error
  }
  throw new DcmlError('contract_exists', `There is an account ${contract} already.`, {
    hint: 'A contract is opened once. Choose another name, or change the terms of this one.',
  })
}

const balanceOf = v.object({
  amount: v.pipe(
    v.string(),
    v.digits(),
    v.transform((text) => BigInt(text)),
  ),
})

async function refusePoor(near: Near, account: string, total: bigint, cancel: Cancellable): Promise<void> {
  const { amount } = v.parse(balanceOf, await near.request('query', viewAccount(account), cancel))
  if (amount >= total) return
  throw new DcmlError(
    'contract_funds_missing',
    `${account} has ${formatAmount(amount)}; ${formatAmount(total)} are needed.`,
    {
      hint: 'Add funds. Where the code is not published yet, a copy in the own account is the cheaper way for one model.',
      details: { balance: `${amount}`, needed: `${total}` },
    },
  )
}
