// Runs code in the VM, with a map for the account's state.
import { formatHash, hashOf } from '@dcml/light-client'
import { paramsFor } from '../src/params/index.ts'
import type { Params } from '../src/params/types.ts'
import { runContract } from '../src/vm/run.ts'
import type { VmContext, VmExternal, VmOutcome } from '../src/vm/types.ts'

export const context = (changes: Partial<VmContext> = {}): VmContext => ({
  chainId: 'localnet',
  currentAccountId: 'alice.near',
  signerAccountId: 'bob.near',
  signerAccountPk: Uint8Array.of(0, ...new Uint8Array(32)),
  predecessorAccountId: 'carol.near',
  refundToAccountId: 'dave.near',
  method: 'main',
  input: new Uint8Array(),
  promiseResults: [],
  blockHeight: 10n,
  blockTimestamp: 42n,
  epochHeight: 1n,
  accountBalance: 100n,
  accountLockedBalance: 50n,
  storageUsage: 1000n,
  accountContract: { type: 'None' },
  attachedDeposit: 0n,
  prepaidGas: 300_000_000_000_000n,
  randomSeed: new Uint8Array(32).fill(7),
  view: null,
  outputDataReceivers: [],
  ...changes,
})

/** State and what else a call reaches; every effect is logged in order. */
export class TestExternal implements VmExternal {
  state = new Map<string, Uint8Array>()
  readonly effects: string[] = []
  readonly yields = new Set<string>()
  readonly yieldIds = new Map<string, string>()
  readonly stakes = new Map<string, bigint>()
  nodes = 0
  #dataIds = 0

  storageGet(key: Uint8Array): Uint8Array | undefined {
    return this.state.get(hex(key))
  }

  storageSet(key: Uint8Array, value: Uint8Array): void {
    this.effects.push(`set ${hex(key)} ${hex(value)}`)
    this.state.set(hex(key), value)
  }

  storageRemove(key: Uint8Array): void {
    this.effects.push(`remove ${hex(key)}`)
    this.state.delete(hex(key))
  }

  trieNodes(): number {
    return this.nodes
  }

  generateDataId(): Uint8Array {
    return new Uint8Array(32).fill(++this.#dataIds)
  }

  validatorStake(accountId: string): bigint | null {
    return this.stakes.get(accountId) ?? null
  }

  validatorTotalStake(): bigint {
    return [...this.stakes.values()].reduce((sum, stake) => sum + stake, 0n)
  }

  yieldExists(dataId: string): boolean {
    return this.yields.has(dataId)
  }

  yieldDataId(yieldId: Uint8Array): string | null {
    return this.yieldIds.get(hex(yieldId)) ?? null
  }

  savepoint(): () => void {
    const [state, effects, dataIds] = [new Map(this.state), this.effects.length, this.#dataIds]
    return () => {
      this.state = state
      this.effects.length = effects
      this.#dataIds = dataIds
    }
  }
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

export const dataId = (nth: number): string => formatHash(new Uint8Array(32).fill(nth))

export interface Setup extends Partial<VmContext> {
  readonly external?: TestExternal
  readonly params?: Params
}

/** Runs `main` of a module. */
export function run(code: Uint8Array, { external = new TestExternal(), params, ...changes }: Setup = {}): VmOutcome {
  return runContract({ hash: hashOf(code), code }, context(changes), external, params ?? paramsFor(86))
}

/** Gas of loading code at version 86. */
export const loadingGas = (code: Uint8Array): bigint => 35_445_963n + 1_089_295n * BigInt(code.length)
