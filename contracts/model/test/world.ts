import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto'
import { buildContract } from '@dcml/contract-build'
import {
  type CallOptions,
  createDevchain,
  type DevAccount,
  type Devchain,
  type Trace,
  type TransactionResult,
} from '@dcml/devchain'
import { encodeApproval, type Prices, sharesOf, toHex } from '@dcml/protocol'
import { beforeAll, beforeEach } from 'vitest'
import { BUDGET } from '../src/budget.ts'

export const NEAR = 10n ** 24n
export const MILLI = 10n ** 21n
export const CHANNEL_STORAGE = 15n * MILLI
export const PROVIDER_STORAGE = 15n * MILLI
export const SESSION_STORAGE = (5n * MILLI) / 2n
export const CLOSE_FEE = 10n ** 21n
/** One hour. */
export const PERIOD_MS = 3_600_000
/** Thirty days. */
export const EXPIRY_MS = 30 * 24 * PERIOD_MS

export const OWNER_PRICES = { input: 2n * 10n ** 18n, output: 7n * 10n ** 18n }
export const HOST_PRICES = { input: 10n ** 18n, output: 3n * 10n ** 18n }
export const prices: Prices = {
  ownerInput: OWNER_PRICES.input,
  ownerOutput: OWNER_PRICES.output,
  hostInput: HOST_PRICES.input,
  hostOutput: HOST_PRICES.output,
}

export const modelH = '11'.repeat(32)

/** Values in JSON as contracts take them. */
export const json = (value: unknown): object =>
  JSON.parse(JSON.stringify(value, (_, v) => (typeof v === 'bigint' ? `${v}` : v)))

/** An enclave's session key, or a payer's channel key. */
export class Key {
  readonly publicKey: Uint8Array
  readonly #secret: KeyObject

  constructor(name: string) {
    const seed = createHash('sha256').update(name).digest()
    const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed])
    this.#secret = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
    this.publicKey = Uint8Array.from(
      createPublicKey(this.#secret).export({ type: 'spki', format: 'der' }).subarray(-32),
    )
  }

  get hex(): string {
    return toHex(this.publicKey)
  }

  sign(message: Uint8Array): Uint8Array {
    return Uint8Array.from(sign(null, message, this.#secret))
  }
}

/** What the enclave is asked to sign; every field may be made wrong. */
export interface Delivered {
  readonly channelId: bigint
  readonly challenge?: string
  readonly promptTokens?: bigint
  readonly completionTokens?: bigint
  readonly spent?: bigint
  readonly networkId?: string
  readonly contract?: string
}

export const challengeOf = (n: number | bigint): string => n.toString(16).padStart(64, '0')

let built: Promise<Uint8Array> | undefined
export const modelWasm = (): Promise<Uint8Array> => {
  built ??= buildContract({
    entry: new URL('../src/model.ts', import.meta.url).pathname,
    budget: BUDGET,
  }).then(({ wasm }) => wasm)
  return built
}

/** A chain with one model, its owner Charlie, the host Bob with one enclave, the payer Alice, and a stranger. */
export class World {
  readonly chain: Devchain
  readonly model: DevAccount
  readonly charlie: DevAccount
  readonly treasury: DevAccount
  readonly bob: DevAccount
  readonly alice: DevAccount
  readonly stranger: DevAccount
  readonly enclave = new Key('enclave')
  /** The contract's own money, before anybody else's came. */
  readonly own: bigint
  readonly #gas = new Map<string, bigint>()

  /** Protocol 87 pays contracts nothing for gas, so that balances are exact to the yocto; 86 is mainnet's. */
  constructor(
    wasm: Uint8Array,
    { protocolVersion = 87, closeFee = CLOSE_FEE }: { protocolVersion?: 86 | 87; closeFee?: bigint } = {},
  ) {
    this.chain = createDevchain({ protocolVersion, gasPrice: 10n ** 9n })
    const make = (name: string, balance = 1000n) => this.chain.root.createAccount(name, { balance: balance * NEAR })
    this.model = make('model', 20n)
    this.charlie = make('charlie')
    this.treasury = make('treasury')
    this.bob = make('bob')
    this.alice = make('alice')
    this.stranger = make('stranger')
    const args = json({
      owner: this.charlie.accountId,
      beneficiary: this.treasury.accountId,
      model_h: modelH,
      prices: OWNER_PRICES,
      image_hs: ['22'.repeat(32)],
      challenge_period_ms: `${PERIOD_MS}`,
      expiry_ms: `${EXPIRY_MS}`,
      close_fee: closeFee,
    })
    this.model.deploy(wasm, {
      method: 'open',
      args: json({ ...args, challenge_period_ms: `${PERIOD_MS}`, expiry_ms: `${EXPIRY_MS}` }),
    })
    this.own = this.model.balance
  }

  /** Registers a host with so much collateral. */
  host(account = this.bob, collateral = 100n * NEAR, { por = null as string | null, key = this.enclave } = {}): void {
    const offer = { endpoint: 'https://bob.example', prices: HOST_PRICES, por_account: por }
    const deposit = collateral + PROVIDER_STORAGE + SESSION_STORAGE
    this.call(account, 'register_provider', offer, { deposit })
    this.call(account, 'admit_session', { session_key: key.hex })
  }

  /** Calls the model. */
  call(by: DevAccount, method: string, args: object = {}, options?: CallOptions): TransactionResult {
    const result = by.call(this.model, method, json(args), options)
    this.#gas.set(by.accountId, (this.#gas.get(by.accountId) ?? 0n) + burnt(result.trace.root))
    return result
  }

  /** What an account owns, as if calls had been free: gas is told apart by {@link gasOf}. */
  wealth(account: DevAccount): bigint {
    return account.balance + this.gasOf(account)
  }

  /** What an account paid for the gas of its calls to the model so far. */
  gasOf = (account: DevAccount): bigint => this.#gas.get(account.accountId) ?? 0n

  /** What doing something changes in an account's wealth. */
  change(account: DevAccount, doing: () => unknown): bigint {
    const before = this.wealth(account)
    doing()
    return this.wealth(account) - before
  }

  /** Calls the model where it must refuse: nothing of it may remain. Returns why. */
  refused(by: DevAccount, method: string, args: object = {}, options: CallOptions = {}): string {
    const { error } = this.call(by, method, args, { ...options, mayFail: true })
    if (error === null) throw new Error(`${method} was not refused`)
    return error.replace('Smart contract panicked: ', '')
  }

  openArgs(changes: object = {}): object {
    return {
      provider: this.bob.accountId,
      challenge: challengeOf(1),
      session_key: this.enclave.hex,
      payer_key: new Key('alice').hex,
      max_owner_prices: OWNER_PRICES,
      max_provider_prices: HOST_PRICES,
      ...changes,
    }
  }

  openChannel(deposited = 10n * NEAR, by = this.alice, changes: object = {}): bigint {
    return BigInt(
      this.call(by, 'open_channel', this.openArgs(changes), { deposit: deposited + CHANNEL_STORAGE }).json(),
    )
  }

  /** Arguments of `close`, signed. */
  approval(delivered: Delivered, key = this.enclave): object {
    const { channelId, challenge = challengeOf(1), promptTokens = 0n, completionTokens = 0n } = delivered
    const counts = { promptTokens, completionTokens }
    const spent = delivered.spent ?? sharesOf(prices, counts).spent
    const signature = key.sign(
      encodeApproval({
        domain: {
          tag: 'dcml/approval',
          version: 1,
          networkId: delivered.networkId ?? this.chain.settings.chainId,
          contract: delivered.contract ?? this.model.accountId,
          subject: key.publicKey,
        },
        channelId,
        challenge: Uint8Array.from(Buffer.from(challenge, 'hex')),
        ...counts,
        spent,
        counter: 1n,
      }),
    )
    return {
      channel_id: channelId,
      challenge,
      prompt_tokens: promptTokens,
      completion_tokens: completionTokens,
      spent,
      counter: 1n,
      signature: Buffer.from(signature).toString('base64'),
    }
  }

  shares = (promptTokens: bigint, completionTokens: bigint) => sharesOf(prices, { promptTokens, completionTokens })

  /** What the books say the contract holds for others. */
  held(): Record<string, bigint> {
    const totals = this.model.view<Record<string, string>>('totals')
    return Object.fromEntries(Object.entries(totals).map(([name, amount]) => [name, BigInt(amount)]))
  }

  /** Balance beyond the books and the contract's own money: 0 if nothing was lost or made up. */
  surplus(): bigint {
    return this.model.balance - this.own - Object.values(this.held()).reduce((sum, amount) => sum + amount, 0n)
  }

  free(account = this.bob): bigint {
    return BigInt(this.model.view<{ free: string }>('provider', { account: account.accountId }).free)
  }

  afterPeriod(): void {
    this.chain.advanceTime(PERIOD_MS)
  }

  afterExpiry(): void {
    this.chain.advanceTime(EXPIRY_MS)
  }
}

const burnt = ({ outcome, children }: Trace['root']): bigint =>
  children.reduce((sum, child) => sum + burnt(child), outcome?.tokensBurnt ?? 0n)

/** The events of a call by name, with their data. */
export function eventsOf({ logs }: { logs: readonly string[] }): [string, Record<string, unknown>][] {
  return logs.map((line) => {
    const { standard, version, event, data } = JSON.parse(line.replace(/^EVENT_JSON:/, ''))
    if (standard !== 'dcml_model' || version !== '1.0.0') throw new Error(line)
    return [event, data]
  })
}

/** Hands over one world for the tests of a file, and takes it back to its beginning before each. */
export function useCleanWorld(take: (world: World) => void): void {
  let world: World
  let clean: number
  beforeAll(async () => {
    world = new World(await modelWasm())
    clean = world.chain.snapshot()
    take(world)
  })
  beforeEach(() => world.chain.revert(clean))
}
