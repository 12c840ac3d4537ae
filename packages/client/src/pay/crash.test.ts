// A payer is killed between every two of its steps, and every yocto is found again.
import { expect, test } from 'vitest'
import { Killed, Killer } from '../../test/pay/killer.ts'
import { ask, codeOf, disk, World } from '../../test/pay/world.ts'
import type { ChannelStore } from './store.ts'

const COST = 169n
const WHOLE = 1_000_000n

/** Opens, asks, tops up, asks again, closes. */
async function live(world: World, store: ChannelStore, killer: Killer): Promise<void> {
  const client = world.client(killer.transport(world.enclave.transport()))
  const wallet = killer.watch(world.chain.wallet())
  const payer = await client.pay(world.options({ deposit: 600n, wallet, store: killer.watch(store) }))
  await (await ask(client)).text()
  await payer.topUp(100n)
  await (await ask(client, { stream: false })).text()
  expect(await payer.close()).toMatchObject({ done: true })
}

/** What a payer does who comes back: closes what there is. */
async function comeBack(world: World, store: ChannelStore): Promise<void> {
  const client = world.client()
  const wallet = world.chain.wallet()
  let code = 'none'
  const close = async (): Promise<void> => {
    const payer = await client.resumeChannel({ store, wallet })
    const closure = await payer.close()
    if (closure.done) return
    expect(closure.next).toBe('ask-approval')
    throw closure.why
  }
  code = await codeOf(close)
  expect(['none', 'channel_store_empty', 'channel_not_open']).toContain(code)
}

/** Kills a life at a point. @returns false where it ended before */
async function kill(world: World, store: ChannelStore, at: number): Promise<boolean> {
  const killer = new Killer(at)
  const ended = await live(world, store, killer).catch((error: unknown) => error)
  if (ended !== undefined && !(ended instanceof Killed) && !killer.dead) throw ended
  return killer.dead
}

/** Nothing is locked, nothing was lost, and nothing was paid but for tokens. */
function expectEven({ chain, total }: World, most: bigint): void {
  expect(chain.channels.size).toBe(0)
  expect(chain.total()).toBe(total)
  const [owner, host] = [chain.balances.get('owner.test')!, chain.balances.get('bob.test')!]
  expect(chain.balances.get('alice.test')).toBe(WHOLE - owner - host)
  expect(owner + host).toBeLessThanOrEqual(most)
}

test('killed anywhere, whoever comes back gets the deposit back', async () => {
  let points = 0
  for (let at = 1; ; at++) {
    const world = await World.create()
    const store = disk()
    if (!(await kill(world, store, at))) break
    points = at
    await comeBack(world, store)
    expect(world.chain.opened.length, `point ${at}`).toBeLessThanOrEqual(1)
    expectEven(world, 2n * COST)
  }
  expect(points).toBeGreaterThan(60)
})

test('killed anywhere, whoever pays again goes on with the same channel', async () => {
  for (let at = 1; ; at++) {
    const world = await World.create()
    const store = disk()
    if (!(await kill(world, store, at))) break
    const client = world.client()
    const closing = await codeOf(() => client.pay(world.options({ store })))
    expect(['none', 'channel_closing'], `point ${at}`).toContain(closing)
    if (closing === 'none') {
      expect(await (await ask(client)).text()).toContain('word19')
      client.close()
    }
    await comeBack(world, store)
    expectEven(world, 3n * COST)
  }
})

test('killed again while coming back', async () => {
  for (let at = 7; at < 90; at += 9)
    for (let again = 1; again < 20; again += 3) {
      const world = await World.create()
      const store = disk()
      await kill(world, store, at)
      await kill(world, store, again)
      await comeBack(world, store)
      expectEven(world, 4n * COST)
    }
})
