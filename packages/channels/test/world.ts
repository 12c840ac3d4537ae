// A payer, an enclave and what the chain says, for tests. Proofs are taken as given: they are the light client's matter.
import type { ProvenEvent } from '@dcml/light-client'
import { type Chain, DcmlError, type Prices, type Signer, signReceipt, toHex } from '@dcml/protocol'
import { ed25519 } from '@noble/curves/ed25519.js'
import { expect } from 'vitest'
import {
  type AntiRollback,
  EnclaveLedger,
  type LedgerOptions,
  type OpeningWanted,
  openPayer,
  type Payer,
  type PayerPolicy,
  type Released,
  readOpened,
  receiptChannelId,
  type StateStore,
  type StoredState,
} from '../src/index.ts'
import { memoryAntiRollback } from '../src/testing.ts'

export const chain: Chain = { networkId: 'devnet', contract: 'model.test' }
export const prices: Prices = { ownerInput: 2n, ownerOutput: 5n, hostInput: 1n, hostOutput: 3n }
export const NOW = 1_800_000_000_000
export const HOUR = 3_600_000

export const bytes = (byte: number): Uint8Array => new Uint8Array(32).fill(byte)

export function signerOf(byte: number): Signer {
  const secret = bytes(byte)
  return { publicKey: ed25519.getPublicKey(secret), sign: (message) => ed25519.sign(message, secret) }
}
export const session: Signer = signerOf(1)
export const alice: Signer = signerOf(2)
export const mallory: Signer = signerOf(3)
export const identity = { chain, sessionKey: session.publicKey, modelH: bytes(9), host: 'bob.test' }

/** What `verifyEvent` would return. */
export function proven(event: string, data: object, contractId = chain.contract): ProvenEvent {
  const call = { signerId: 'alice.test', relayerId: null, contractId, methodName: 'any', gas: 1n, deposit: 0n }
  return {
    event: { standard: 'dcml_model', version: '1.0.0', event, data },
    call: { ...call, args: new Uint8Array() },
    transactionHash: 'transaction',
    receiptId: 'receipt',
    block: { hash: 'block', height: 1, timestamp: 0n },
  }
}

export const openedData = (change: object = {}) => ({
  channel_id: '1',
  payer: 'alice.test',
  provider: 'bob.test',
  challenge: toHex(bytes(7)),
  session_key: toHex(session.publicKey),
  payer_key: toHex(alice.publicKey),
  deposited: '1000',
  prices: { owner_input: '2', owner_output: '5', host_input: '1', host_output: '3' },
  model_h: toHex(bytes(9)),
  key_epoch: '0',
  expires_at: `${(NOW + 24 * HOUR) * 1e6}`,
  ...change,
})
export const opening = (change?: object): ProvenEvent => proven('channel_opened', openedData(change))
/** The same told again; the contract adds the seed. */
export const told = (change?: object): ProvenEvent =>
  proven('channel_told', { ...openedData(change), seed: toHex(bytes(0x5e)) })
export const topUp = (deposited: bigint, channel_id = '1') =>
  proven('channel_topped_up', { channel_id, amount: '1', deposited: `${deposited}` })
export const closeStart = (change: object = {}) =>
  proven('close_started', {
    channel_id: '1',
    payer: 'alice.test',
    provider: 'bob.test',
    challenge: toHex(bytes(7)),
    session_key: toHex(session.publicKey),
    deposited: '1000',
    deadline: `${(NOW + HOUR) * 1e6}`,
    fee: '1',
    expired: false,
    ...change,
  })

export const eventOf = ({ event, call }: ProvenEvent) => ({ contractId: call.contractId, ...event })

export const wanted: OpeningWanted = {
  chain,
  payer: 'alice.test',
  host: 'bob.test',
  challenge: bytes(7),
  sessionKey: session.publicKey,
  payerKey: alice.publicKey,
  modelH: bytes(9),
  maxPrices: prices,
  deposit: 1000n,
}
export const policy: PayerPolicy = { perRequestLimit: 400n, step: 40n }
export const newPayer = (change: Partial<PayerPolicy> = {}): Payer =>
  openPayer(readOpened(eventOf(opening()), chain), wanted, { ...policy, ...change })

/**
 * A store that keeps everything it ever got, as a hostile host would, and offers what it is told to. `states` has one
 * entry for each write: what would lie there had the machine stopped just after it.
 */
export function hoardingStore(): StateStore & {
  readonly states: readonly StoredState[]
  offered: readonly StoredState[] | null
} {
  const states: StoredState[] = []
  return {
    states,
    offered: null,
    async read() {
      return this.offered ?? states
    },
    async replace(image) {
      states.push({ image, changes: [] })
    },
    async append(change) {
      const { image, changes } = states.at(-1)!
      states.push({ image, changes: [...changes, change] })
    },
  }
}

export async function newLedger(change: Partial<LedgerOptions> = {}): Promise<EnclaveLedger> {
  return EnclaveLedger.open({
    identity,
    isNewSession: true,
    store: hoardingStore(),
    antiRollback: memoryAntiRollback(),
    clock: () => NOW,
    ...change,
  })
}

/** A ledger with channel 1 open, and what it writes to. */
export async function openLedger(change: Partial<LedgerOptions> = {}) {
  const store = hoardingStore()
  const antiRollback: AntiRollback = memoryAntiRollback()
  const options = { store, antiRollback, ...change }
  const ledger = await newLedger(options)
  ledger.challenge(bytes(7))
  await ledger.establish(opening(), 0n)
  return { ledger, store, antiRollback, again: () => newLedger({ ...options, isNewSession: false }) }
}

export const receiptOf = (
  { delivered, spent, sequence }: Omit<Released, 'cost'>,
  requestH: Uint8Array,
  change: object = {},
  signer: Signer = session,
) =>
  signReceipt(
    chain,
    {
      modelH: bytes(9),
      imageH: bytes(8),
      requestH,
      responseH: bytes(6),
      promptTokens: Number(delivered.promptTokens),
      completionTokens: Number(delivered.completionTokens),
      channelId: receiptChannelId(1n),
      spent,
      sequence,
      time: BigInt(NOW),
      ...change,
    },
    signer,
  )

export const tokens = (promptTokens: number, completionTokens: number) => ({
  promptTokens: BigInt(promptTokens),
  completionTokens: BigInt(completionTokens),
})

/** The code that a promise is refused with. */
export const codeOf = (work: () => unknown): Promise<string> =>
  Promise.resolve()
    .then(work)
    .then(
      () => 'none',
      (error) => {
        if (!DcmlError.isInstance(error)) throw error
        expect(error.hint).not.toBe('')
        return error.code
      },
    )
