// Everything that anyone can do, by name and with how often it is tried, and random sequences of it.
import fc from 'fast-check'
import type { Line } from './alice.ts'
import { EXPIRY_MS, OWNER, PERIOD_MS } from './chain.ts'
import { Draws } from './draws.ts'
import { Forger } from './forger.ts'
import type { Host } from './host.ts'
import type { Death, Machine } from './machine.ts'
import { arrive } from './network.ts'
import type { World } from './world.ts'

type Act = (world: World, draws: Draws) => unknown

const alice =
  (act: (world: World, line: Line, draws: Draws) => unknown): Act =>
  async (world, draws) => {
    const { lines } = world.alice
    const line = lines[lines.length - 1 - draws.below(Math.max(lines.length, 1))]
    if (line !== undefined) await act(world, line, draws)
  }

const host =
  (act: (world: World, host: Host, draws: Draws) => unknown): Act =>
  (world, draws) =>
    act(world, draws.one([world.mallory, world.bob]) as Host, draws)

const mallory =
  (act: (world: World, host: Host, draws: Draws) => unknown): Act =>
  (world, draws) =>
    act(world, world.mallory, draws)

const anyChannel = ({ chain }: World, draws: Draws): bigint => BigInt(draws.one([...chain.books.channels.keys()]) ?? 0)
const anyone = ['stranger.test', 'alice.test', 'bob.test', 'mallory.test', 'eve.test', 'treasury.test', OWNER]

/** Some tokens of a stream, from any enclave. */
const work: Act = async ({ bob, mallory }, draws) => {
  const busy = [...mallory.machines, ...bob.machines].filter(({ streams }) => streams.size > 0)
  const machine = draws.one(busy)
  if (machine !== undefined) await deliver(machine, draws.one([...machine.streams.keys()]) as string, draws)
}

async function deliver(machine: Machine, stream: string, draws: Draws): Promise<void> {
  for (let times = 1 + draws.below(10); times > 0; times--)
    if ((await arrive(() => machine.work(stream, 1 + draws.below(5)))) !== 'done') return
}

/** A whole conversation, if nothing comes between. */
const chat = alice(async (world, line, draws) => {
  if (draws.chance(60)) await line.host.restart()
  await world.alice.request(line, draws)
  for (let times = 4; times > 0; times--) {
    const [request] = line.requests
    if (request === undefined) return
    await deliver(request.machine, request.id, draws)
    await world.alice.read(line, draws)
  }
})

const spend: Act = async (world, draws) => {
  const used = await world.eve.use(draws)
  if (used !== null) await deliver(used.machine, used.id, draws)
}

/** The power fails: at once, or in the next write. An honest host starts again, a hostile one when it likes. */
const crash = host(async (_, host, draws) => {
  const machine = host.front(draws)
  const death = draws.one(['write', 'written', 'marked'] as Death[]) as Death
  if (draws.chance(60)) machine.death = death
  else machine.kill()
  if (draws.chance(70)) await host.restart()
})

const restart = host(async (world, host, draws) => {
  if (host === world.bob) return host.restart()
  const machine = host.front(draws)
  machine.kill()
  const { disk } = host
  const states = draws.chance(50) ? host.newest : [draws.one(disk)].filter((snapshot) => snapshot !== undefined)
  machine.noticed = false
  await machine.start(states, draws.chance(10))
})

const copyMemory = mallory(async (world, host, draws) => {
  if (host.machines.length >= 3) host.machines.splice(1, 1)
  const machine = host.front(draws)
  const copy = await machine.copied(Math.max(0, machine.steps - draws.below(6)))
  if (copy === null) return
  host.machines.push(copy)
  host.isCopied = true
  for (const { channelId, left } of copy.streams.values()) world.noteCopy(channelId, left)
})

const turnClock = mallory((_, host, draws) => {
  host.skew = (draws.below(9) - 4) * PERIOD_MS
})

const copyDisk = mallory(async (_, host) => {
  if (host.machines.length >= 3) return
  const copy = host.machines[0]?.twin()
  if (copy === undefined) return
  host.machines.push(copy)
  host.isCopied = true
  await copy.start(host.newest)
})

const collateral = host(({ chain }, { account, sessionKey }, draws) => {
  const amount = BigInt(draws.below(500))
  const prices = { input: BigInt(draws.below(3)), output: BigInt(draws.below(5)) }
  const calls: [string, object, bigint][] = [
    ['deposit_collateral', {}, amount],
    ['withdraw_collateral', { amount }, 1n],
    ['update_provider', { endpoint: 'new', prices, por: 'por.test' }, 0n],
    ['dismiss_session', { sessionKey }, 0n],
    ['admit_session', { sessionKey }, 0n],
    ['leave', {}, 1n],
    ['register_provider', { endpoint: '', prices, por: null }, 10n ** 23n],
  ]
  const [method, args, attached] = draws.one(calls) as (typeof calls)[number]
  chain.call(method, account, args, attached)
  if (method === 'dismiss_session' && draws.chance(70)) chain.call('admit_session', account, { sessionKey })
})

/** The host asks its enclave for a last word, and may submit it. */
const hostCloses = host(async ({ chain }, host, draws) => {
  const own = [...chain.books.channels].filter(([, { provider }]) => provider === host.account)
  const id = BigInt(draws.one(own)?.[0] ?? 0)
  await arrive(() => host.front(draws).requestClosure(id))
})

const submit: Act = ({ chain, signed }, draws) => {
  const approved = draws.chance(60) ? signed.at(-1) : draws.one(signed)
  if (approved === undefined) return
  const method = chain.channel(approved.channelId)?.closing ? 'answer_close' : 'close'
  chain.call(draws.chance(10) ? 'close' : method, draws.one(anyone) as string, approved)
}

const forge: Act = (world, draws) => {
  const id = anyChannel(world, draws)
  const channel = world.chain.channel(id)
  if (channel === null) return
  const forger = draws.chance(60) ? world.trudy : new Forger('nobody')
  const [prompt, completion] = draws.chance(30) ? [0n, 0n] : [BigInt(draws.below(50)), BigInt(draws.below(200))]
  world.chain.call(
    channel.closing ? 'answer_close' : 'close',
    'eve.test',
    forger.approve(id, channel, prompt, completion),
  )
}

const owner: Act = ({ chain }, draws) => {
  const price = () => BigInt(draws.below(6))
  const calls: [string, object][] = [
    ['set_prices', { prices: { input: price(), output: price() } }],
    ['set_images', {}],
    ['set_beneficiary', { beneficiary: draws.one(['treasury.test', OWNER, 'mallory.test']) }],
    ['set_key_epoch', { keyEpoch: draws.chance(4) ? 1 : 0 }],
  ]
  const [method, args] = draws.one(calls) as [string, object]
  chain.call(method, draws.chance(5) ? 'eve.test' : OWNER, args, 1n)
}

const vanish: Act = ({ chain }, draws) => {
  const account = draws.one(anyone) as string
  if (!chain.gone.delete(account)) chain.gone.add(account)
}

const strangers: Act = (world, draws) => {
  const id = anyChannel(world, draws)
  const { chain } = world
  const calls: (() => boolean)[] = [
    () => chain.call('finish_close', 'stranger.test', { id }),
    () => chain.call('expire', 'stranger.test', { id }),
    () => chain.call('tell_channel', 'stranger.test', { id }),
    () => chain.call('collect_owed', 'stranger.test', { account: draws.one(anyone) }),
  ]
  draws.one(calls)?.()
}

/** How often, and what. */
const ACTS: Record<string, readonly [weight: number, act: Act]> = {
  'alice opens': [4, ({ alice }, draws) => alice.lines.length < 4 && alice.open(draws)],
  'alice proves': [2, alice(({ alice }, line, draws) => alice.establish(line, draws))],
  'alice chats': [10, chat],
  'alice asks': [6, alice(({ alice }, line, draws) => alice.request(line, draws))],
  'alice reads': [10, alice(({ alice }, line, draws) => alice.read(line, draws))],
  'alice loses a stream': [2, alice(({ alice }, line, draws) => alice.abandon(line, draws))],
  'alice tops up': [2, alice(({ alice }, line, draws) => alice.topUp(line, draws))],
  'alice stops': [1, alice(({ alice }, line, draws) => alice.stop(line, draws))],
  'alice closes': [5, alice(({ alice }, line, draws) => line.payer.closing && alice.close(line, draws))],
  'eve opens': [4, ({ eve }, draws) => eve.open(draws)],
  'eve proves': [5, ({ eve }, draws) => eve.prove(draws)],
  'eve pays': [5, ({ eve }, draws) => eve.voucher(draws)],
  'eve spends': [8, spend],
  'eve asks': [5, ({ eve }, draws) => eve.request(draws)],
  'eve tops up': [2, ({ eve }, draws) => eve.topUp(draws)],
  'eve ends': [4, ({ eve }, draws) => eve.end(draws)],
  'an enclave works': [16, work],
  'a stream is dropped': [1, host((_, host, draws) => dropOne(host, draws))],
  'a machine fails': [3, crash],
  'a machine starts': [5, restart],
  'mallory copies a disk': [2, copyDisk],
  'mallory copies a memory': [2, copyMemory],
  'mallory turns the clock': [1, turnClock],
  'mallory was cut off': [1, ({ chain }) => chain.faults.set('mallory.test', chain.time())],
  'a host moves collateral': [3, collateral],
  'a host asks for an approval': [3, hostCloses],
  'someone submits': [4, submit],
  'someone forges': [2, forge],
  'someone ends': [3, strangers],
  'the owner changes terms': [1, owner],
  'an account comes or goes': [1, vanish],
  'a message arrives': [6, ({ network }, draws) => network.deliver(draws)],
  'a block': [4, ({ chain }) => chain.block()],
  'some time': [5, (world, draws) => world.wait((1 + draws.below(60)) * 60_000, draws)],
  'much time': [1, (world, draws) => world.wait(draws.chance(30) ? EXPIRY_MS : PERIOD_MS, draws)],
}

async function dropOne(host: Host, draws: Draws): Promise<void> {
  const machine = host.front(draws)
  const stream = draws.one([...machine.streams.keys()])
  if (stream !== undefined) await arrive(() => machine.drop(stream))
}

export interface Step {
  readonly do: string
  /** What the step leaves to chance follows from this. */
  readonly chance: number
}

/** Lives of a world, of the steps named or of all. */
export function steps(least: number, most: number, names = Object.keys(ACTS)): fc.Arbitrary<Step[]> {
  const weighted = names.flatMap((name) => Array.from({ length: ACTS[name]?.[0] ?? 0 }, () => name))
  const chance = fc.integer({ min: 0, max: 0x7fff_ffff })
  const step: fc.Arbitrary<Step> = fc.record({ do: fc.constantFrom(...weighted), chance })
  return fc.array(step, { minLength: least, maxLength: most, size: 'max' })
}

export async function take(world: World, { do: name, chance }: Step): Promise<void> {
  const [, act] = ACTS[name] as (typeof ACTS)[string]
  await act(world, new Draws(chance))
  world.look()
}
