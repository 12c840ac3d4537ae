import type { Flaw } from './flaws.ts'
import { arrive } from './network.ts'
import { check, checkEnd, checkTheft } from './properties.ts'
import { type Step, steps, take } from './steps.ts'
import { World } from './world.ts'

/** One life, with every property looked at after each step and at the end. */
export async function live(plan: readonly Step[], flaw?: Flaw): Promise<World> {
  const world = new World(flaw)
  await world.start()
  for (const step of plan) {
    await take(world, step)
    check(world)
  }
  const isBobAwake = plan.length % 2 === 0
  await world.end(isBobAwake)
  checkEnd(world, isBobAwake)
  return world
}

export const lives = steps(60, 200)

/** What a thief can do alone: her machine, her clock, her channel, and the chain. */
export const thefts = steps(20, 80, [
  'eve opens',
  'eve proves',
  'eve pays',
  'eve asks',
  'eve spends',
  'eve tops up',
  'eve ends',
  'an enclave works',
  'a stream is dropped',
  'a machine fails',
  'a machine starts',
  'mallory copies a disk',
  'mallory turns the clock',
  'mallory was cut off',
  'a host moves collateral',
  'a host asks for an approval',
  'someone submits',
  'someone ends',
  'a message arrives',
  'some time',
  'much time',
])

/** Payer and host are one. */
export async function steal(plan: readonly Step[], flaw?: Flaw): Promise<World> {
  const world = new World(flaw, 'mallory.test')
  await world.start()
  for (const step of plan) await take(world, step)
  await getAway(world)
  await world.end(false)
  checkTheft(world)
  return world
}

/** The thief tries all her old states for an approval of less, and closes with the least she has. */
async function getAway({ chain, mallory, signed }: World): Promise<void> {
  const [machine] = mallory.machines
  const ids = [...chain.books.channels.keys()].map(BigInt)
  const every = Math.ceil(mallory.disk.length / 8)
  for (const offered of [mallory.newest, ...mallory.disk.filter((_, at) => at % every === 0).map((one) => [one])]) {
    machine?.kill()
    await machine?.start(offered)
    for (const id of ids) await arrive(() => machine!.requestClosure(id))
  }
  for (const approved of signed.toSorted((a, b) => Number(a.spent - b.spent)))
    chain.call(chain.channel(approved.channelId)?.closing ? 'answer_close' : 'close', mallory.account, approved)
}
