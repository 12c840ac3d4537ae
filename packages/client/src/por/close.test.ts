import { DcmlError, fromBase64url, toBase64url, utf8 } from '@dcml/protocol'
import { expect, test } from 'vitest'
import { FEE } from '../../test/pay/fake-chain.ts'
import { fakePor, type Host, honest } from '../../test/pay/fake-por.ts'
import { ask, codeOf, disk, World } from '../../test/pay/world.ts'
import type { ChannelStore, ChannelWallet } from '../index.ts'
import { closeOverPor, type PorCloseOptions } from './close.ts'

const WHOLE = 1_000_000n
const terms = { maxCost: 10n, budget: 20_000 }

/** A channel that some tokens were bought on, left by who paid. */
async function scene(): Promise<{ world: World; store: ChannelStore; spent: bigint; wallet: ChannelWallet }> {
  const world = await World.create()
  const store = disk()
  const client = world.client()
  const payer = await client.pay(world.options({ store }))
  await (await ask(client)).text()
  const { spent } = payer.amounts()
  await payer.release()
  world.now += 1000
  return { world, store, spent, wallet: world.chain.wallet() }
}
const balance = (world: World, account: string) => world.chain.balances.get(account)
const cutting =
  (world: World, since = world.now) =>
  (): void => {
    world.chain.cutOffSince = since
  }
const saying =
  (payload: Uint8Array, status = 0): Host =>
  async () => ({ status, payload })
const silent: Host = async () => 'silent'

test('a host that answers with the approval is paid, and the payer has the rest', async () => {
  const { world, store, spent, wallet } = await scene()
  const requester = fakePor(honest(world.enclave))
  const closure = await closeOverPor({ ...terms, store, wallet, requester, clock: () => world.now })
  expect(closure).toEqual({
    way: 'approved',
    amounts: { deposited: 2000n, authorised: expect.any(BigInt), spent, settled: spent },
  })
  expect(balance(world, 'alice.test')).toBe(WHOLE - spent)
  expect(requester.calls).toEqual([
    {
      how: 'request',
      target: 'bob.test',
      options: { ...terms, app: 'dcml/close-channel', budget: 140_000, service: 120_000, maxResponse: 512 },
    },
  ])
  expect(world.chain.total()).toBe(world.total)
})

test('what the caller allows for is passed on, and never less time than the contract asks for', async () => {
  const { world, store, wallet } = await scene()
  const requester = fakePor(honest(world.enclave))
  const { signal } = new AbortController()
  const more = { ...terms, budget: 400_000, hold: 5, lateRate: 3n, service: 300_000, signal }
  await closeOverPor({ ...more, store, wallet, requester, clock: () => world.now })
  expect(requester.calls[0]!.options).toMatchObject(more)
})

test('a silent host is isolated: everything back at once, its lock to the owner', async () => {
  const { world, store, wallet } = await scene()
  const requester = fakePor(silent, cutting(world))
  const closure = await closeOverPor({ ...terms, store, wallet, requester, clock: () => world.now })
  expect(closure).toMatchObject({ way: 'disconnected', amounts: { deposited: 2000n, settled: 0n } })
  expect(balance(world, 'alice.test')).toBe(WHOLE)
  expect(balance(world, 'owner.test')).toBe(2000n)
  expect(requester.calls.map(({ how }) => how)).toEqual(['request', 'isolate'])
})

test('a host that was cut off once, and answers the second try, is paid', async () => {
  const { world, store, spent, wallet } = await scene()
  let tries = 0
  const truth = honest(world.enclave)
  const requester = fakePor((...asked) => (++tries === 1 ? silent(...asked) : truth(...asked)))
  const closure = await closeOverPor({ ...terms, store, wallet, requester, clock: () => world.now })
  expect(closure).toMatchObject({ way: 'approved', amounts: { settled: spent } })
})

test('signed words that are no approval cost the host its lock', async () => {
  const approvalOf = async (other: Awaited<ReturnType<typeof scene>>) => {
    let said: Uint8Array | undefined
    const requester = fakePor(async (...asked) => {
      const answer = await honest(other.world.enclave)(...asked)
      said = answer === 'silent' ? undefined : answer.payload
      return answer
    })
    await closeOverPor({ ...terms, store: other.store, wallet: other.wallet, requester, clock: () => other.world.now })
    return said!
  }
  const foreign = await approvalOf(await scene())
  const text = new TextDecoder().decode(foreign)
  const forged = utf8(toBase64url(fromBase64url(text).fill(1, -8)))
  for (const host of [
    saying(utf8('not today')),
    saying(new Uint8Array()),
    saying(utf8('{"code":"channel_unknown"}'), 2),
    saying(foreign),
    saying(forged),
    saying(Uint8Array.of(0xff, 0xfe)),
  ]) {
    const { world, store, wallet } = await scene()
    const closure = await closeOverPor({ ...terms, store, wallet, requester: fakePor(host), clock: () => world.now })
    expect(closure).toMatchObject({ way: 'invalid-response', amounts: { settled: 0n } })
    expect(balance(world, 'alice.test')).toBe(WHOLE)
    expect(balance(world, 'owner.test')).toBe(2000n)
    expect(world.chain.total()).toBe(world.total)
  }
})

test('an approval under a status of failure was not given as one', async () => {
  const { world, store, wallet } = await scene()
  const requester = fakePor(async (...asked) => {
    const answer = await honest(world.enclave)(...asked)
    return answer === 'silent' ? answer : { ...answer, status: 2 }
  })
  const closure = await closeOverPor({ ...terms, store, wallet, requester, clock: () => world.now })
  expect(closure).toMatchObject({ way: 'invalid-response', amounts: { settled: 0n } })
})

test('an approval of more than the receipts is not submitted, and is no fault that the contract could see', async () => {
  const { world, store, wallet } = await scene()
  world.enclave.mischief = {
    approval: (facts) => {
      const completionTokens = facts.completionTokens + 40n
      return { ...facts, completionTokens, spent: facts.spent + 40n * 8n }
    },
  }
  const options = { ...terms, store, wallet, requester: fakePor(honest(world.enclave)), clock: () => world.now }
  expect(await codeOf(() => closeOverPor(options))).toBe('approval_overcharged')
  expect(world.chain.channels.size).toBe(1)
  // what is left is the ordinary way
  const payer = await world.client().resumeChannel({ store, wallet })
  expect(await payer.close({ patienceMs: 0 })).toMatchObject({ done: false, next: 'finish-close' })
  expect(balance(world, 'alice.test')).toBe(WHOLE - 2000n - FEE)
})

test('one of more than the deposit is a fault', async () => {
  const { world, store, wallet } = await scene()
  world.enclave.mischief = {
    approval: (facts) => ({ ...facts, completionTokens: facts.completionTokens + 1000n, spent: facts.spent + 8000n }),
  }
  const invalid = { ...wallet }
  let evidence: Parameters<ChannelWallet['closeInvalidResponse']>[1] | undefined
  invalid.closeInvalidResponse = async (id, given, options) => {
    evidence = given
    return wallet.closeInvalidResponse(id, { ...given, reply: utf8('judged above the deposit') }, options)
  }
  const options = {
    ...terms,
    store,
    wallet: invalid,
    requester: fakePor(honest(world.enclave)),
    clock: () => world.now,
  }
  expect(await closeOverPor(options)).toMatchObject({ way: 'invalid-response' })
  expect(evidence).toMatchObject({
    request: { body: { app: 'dcml/close-channel' } },
    response: { body: { status: 0 } },
  })
})

test('where the contract sees no fault the channel is as before, and the next try goes on', async () => {
  const { world, store, spent, wallet } = await scene()
  // cut off before the opening: that says nothing about this channel
  const options = { ...terms, store, wallet, clock: () => world.now }
  const requester = fakePor(silent, cutting(world, 0))
  expect(await codeOf(() => closeOverPor({ ...options, requester }))).toBe('channel_fault_denied')
  expect(world.chain.channels.size).toBe(1)
  const again = await closeOverPor({ ...options, requester: fakePor(honest(world.enclave)) })
  expect(again).toMatchObject({ way: 'approved', amounts: { settled: spent } })
})

test('a channel that has ended is asked about no more', async () => {
  const { world, store, wallet } = await scene()
  const options = { ...terms, store, wallet, clock: () => world.now }
  await closeOverPor({ ...options, requester: fakePor(honest(world.enclave)) })
  const requester = fakePor(silent)
  expect(await closeOverPor({ ...options, requester })).toMatchObject({ way: 'ended' })
  expect(requester.calls).toEqual([])

  const other = await scene()
  other.world.chain.expire(1n)
  other.world.now += 3_600_001
  await other.wallet.finishClose(1n)
  const late = { ...terms, store: other.store, wallet: other.wallet, requester, clock: () => other.world.now }
  expect(await closeOverPor(late)).toMatchObject({ way: 'ended', amounts: { settled: null } })
  expect(requester.calls).toEqual([])
})

test.each(['closeDisconnected', 'closeInvalidResponse', 'close'] as const)(
  'a crash during %s, before or after it happened: the next try ends the channel',
  async (act) => {
    const hosts = { closeDisconnected: silent, closeInvalidResponse: saying(utf8('no')), close: undefined }
    for (const happened of [false, true]) {
      const { world, store, wallet } = await scene()
      const host = hosts[act] ?? honest(world.enclave)
      const crashing: ChannelWallet = {
        ...wallet,
        async [act](...args: unknown[]): Promise<never> {
          const options = args.at(-1) as { onSigned(signed: object): Promise<void> }
          const onSigned = async (signed: object): Promise<void> => {
            await options.onSigned(signed)
            if (!happened) throw crash()
          }
          await (wallet[act] as (...given: unknown[]) => Promise<unknown>)(...args.slice(0, -1), { onSigned })
          throw crash()
        },
      }
      const options: Omit<PorCloseOptions, 'wallet'> = {
        ...terms,
        store,
        requester: fakePor(host, cutting(world)),
        clock: () => world.now,
      }
      expect(await codeOf(() => closeOverPor({ ...options, wallet: crashing }))).toBe('near_outcome_unknown')
      const { amounts } = await closeOverPor({ ...options, wallet })
      expect(amounts.settled).not.toBe(null)
      expect(world.chain.channels.size).toBe(0)
      expect(world.chain.total()).toBe(world.total)
    }
  },
)
const crash = () => new DcmlError('near_outcome_unknown', 'The node is gone.', { hint: 'Look it up.' })

test('no vouchers are signed once the closing has begun, whatever becomes of it', async () => {
  const { world, store, wallet } = await scene()
  const requester = fakePor(() => Promise.reject(new DcmlError('por_no_route', 'No way.', { hint: 'Open an edge.' })))
  const options = { ...terms, store, wallet, requester, clock: () => world.now }
  expect(await codeOf(() => closeOverPor(options))).toBe('por_no_route')
  const client = world.client()
  await client.resumeChannel({ store, wallet })
  expect(await codeOf(() => ask(client))).toBe('channel_closing')
})
