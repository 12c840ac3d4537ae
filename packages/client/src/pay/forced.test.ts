// Closures that others began, and calls whose outcome nobody knows any more: the deposit comes back all the same.
import { DcmlError } from '@dcml/protocol'
import { expect, test } from 'vitest'
import { FEE, HOUR } from '../../test/pay/fake-chain.ts'
import { ask, codeOf, disk, World } from '../../test/pay/world.ts'
import type { ChannelWallet } from './wallet.ts'

const WHOLE = 1_000_000n

test('a channel that a stranger expired, and that nobody answered, is finished without a second start', async () => {
  const world = await World.create()
  const client = world.client()
  const payer = await client.pay(world.options())
  await (await ask(client)).text()
  world.enclave.mischief = { silent: true }
  world.chain.expire(1n)
  const before = world.chain.balances.get('alice.test')!
  expect(await payer.close({ patienceMs: 0 })).toMatchObject({
    done: false,
    next: 'finish-close',
    at: world.now + HOUR + 1,
  })
  expect(world.chain.balances.get('alice.test')).toBe(before)
  world.now += HOUR + 1
  expect(await payer.close({ patienceMs: 0 })).toEqual({ done: true, settled: 0n })
  expect(world.chain.balances.get('alice.test')).toBe(WHOLE)
  expect(world.chain.total()).toBe(world.total)
})

/** A wallet whose nodes have forgotten whether a call happened, and take it no more. */
const forgetful = (wallet: ChannelWallet, lost: (transaction: Uint8Array) => boolean): ChannelWallet => ({
  ...wallet,
  async recall(transaction) {
    if (!lost(transaction)) return wallet.recall(transaction)
    throw new DcmlError('near_outcome_unknown', 'No node says.', { hint: 'Ask an archival node.' })
  },
})

test.each(['topUp', 'startClose', 'close'] as const)('a lost %s does not keep the channel from ending', async (act) => {
  for (const happened of [false, true]) {
    const world = await World.create()
    const store = disk()
    const client = world.client()
    let lost: Uint8Array | undefined
    const wallet = world.chain.wallet()
    const losing: ChannelWallet = {
      ...wallet,
      async [act](...args: unknown[]): Promise<never> {
        const options = args.at(-1) as { onSigned(signed: object): Promise<void> }
        const onSigned = async (signed: { transaction: Uint8Array; hash: string }): Promise<void> => {
          lost = signed.transaction
          await options.onSigned(signed)
          if (!happened) throw new DcmlError('near_outcome_unknown', 'The node is gone.', { hint: 'Look it up.' })
        }
        await (wallet[act] as (...given: unknown[]) => Promise<unknown>)(...args.slice(0, -1), { onSigned })
        throw new DcmlError('near_outcome_unknown', 'The node is gone.', { hint: 'Look it up.' })
      },
    }
    const payer = await client.pay(world.options({ wallet: losing, store }))
    await (await ask(client)).text()
    if (act === 'startClose') world.enclave.mischief = { silent: true }
    const cut = act === 'topUp' ? payer.topUp(100n) : payer.close({ patienceMs: 0 })
    expect(await codeOf(() => cut)).toBe('near_outcome_unknown')
    await payer.release()

    const later = forgetful(wallet, (transaction) => String(transaction) === String(lost))
    const again = await world.client().resumeChannel({ store, wallet: later })
    let closure = await again.close({ patienceMs: 0 })
    if (!closure.done) {
      world.now += HOUR + 1
      closure = await again.close({ patienceMs: 0 })
    }
    expect(closure.done).toBe(true)
    expect(world.chain.channels.size).toBe(0)
    expect(world.chain.total()).toBe(world.total)
    const paid = world.chain.balances.get('owner.test')! - (act === 'startClose' ? 2000n : 0n)
    expect(world.chain.balances.get('alice.test')).toBe(WHOLE - paid - world.chain.balances.get('bob.test')!)
    expect(FEE).toBeGreaterThan(0n)
  }
})
