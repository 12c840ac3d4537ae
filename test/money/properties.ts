// What must hold whatever anyone does. Each is an assertion with a name of its own.
import { CHANNEL_STORAGE } from '../../contracts/model/src/channel.ts'
import { Broken, holdTogether, type Property } from './broken.ts'
import { sum } from './rows.ts'
import type { World } from './world.ts'

const show = (value: unknown): string => JSON.stringify(value, (_, v) => (typeof v === 'bigint' ? `${v}` : v))

function demand(holds: boolean, property: Property, why: () => unknown): void {
  if (!holds) throw new Broken([property], `${property}: ${show(why())}`)
}

/** Every yocto is in a wallet, on the way, or on the books under its name; each lock is the sum of its channels. */
function fundsConserved({ chain }: World): void {
  const name = 'funds conserved'
  const counted = chain.counted()
  demand(show(chain.books.totals) === show(counted), name, () => [chain.books.totals, counted])
  demand(sum(Object.values(counted)) + chain.consents === chain.balance, name, () => [counted, chain.balance])
  const all = sum(chain.wallets.values()) + chain.balance + chain.inTransit
  demand(all === 0n, name, () => ['made or lost', all])
  for (const [account, { free, locked }] of chain.books.providers) {
    const own = [...chain.books.channels.values()].filter(({ provider }) => provider === account)
    demand(locked === sum(own.map(({ deposited }) => deposited)) && free >= 0n, name, () => [account, free, locked])
  }
  for (const { channel, toOwner, toProvider, toPayer } of chain.ended) {
    const held = channel.deposited + (channel.closing?.fee ?? 0n) + CHANNEL_STORAGE
    const lock = toOwner === channel.deposited && toPayer === held ? channel.deposited : 0n
    demand(toOwner + toProvider + toPayer === held + lock, name, () => [toOwner, toProvider, toPayer, held])
  }
}

/** Alice pays for what reached her, and for one step per interrupted request; an enclave counts what it sent, and per crash what was reserved. */
function aliceIsSafe(world: World): void {
  const name = 'honest Alice pays for no undelivered token beyond one step'
  for (const { id, spent } of world.chain.ended) {
    const line = world.alice.lines.find((line) => line.id === id)
    if (line === undefined || spent === null) continue
    demand(spent <= line.atRisk, name, () => ({ id, spent, received: line.received, risk: line.atRisk }))
    const most = world.worth(id).spent + (world.crashed.get(id) ?? 0n)
    demand(spent <= most, name, () => ({ id, spent, sent: world.worth(id).spent, crashed: world.crashed.get(id) }))
  }
  for (const { id, payer } of world.alice.lines) {
    demand(payer.authorised <= payer.deposited, name, () => ({ id, ...payer }))
  }
}

/** An honest payer's machine takes every receipt, demand and approval of a genuine enclave. */
function noQuarrel({ quarrels }: World): void {
  demand(quarrels.length === 0, 'an honest payer and a genuine enclave never disagree', () => quarrels)
}

/** For every token that left a genuine enclave the owner has its price, or the lock; also if it left after the end. */
function charlieIsPaid(world: World): void {
  for (const { id, channel, toOwner } of world.chain.ended) {
    if (channel.provider === 'trudy.test') continue
    const earned = world.worth(id).owner
    const copied = world.copied.get(id) ?? 0n
    demand(toOwner + copied >= earned, 'Charlie is paid for every delivered token or gets the lock', () => ({
      id,
      toOwner,
      earned,
      copied,
    }))
  }
}

/** No channel of Bob's ends without an approval, and he has his share of every token his enclave sent. */
function bobIsSafe(world: World): void {
  const name = 'honest, online Bob never loses his lock'
  for (const { id, channel, spent, toProvider } of world.chain.ended) {
    if (channel.provider !== 'bob.test' || channel.sessionKey !== world.bob.sessionKey) continue
    demand(spent !== null, name, () => ({ id, lock: channel.deposited }))
    demand(toProvider >= world.worth(id).host, name, () => ({ id, toProvider, earned: world.worth(id).host }))
  }
}

/** One final word for a channel, and silence once a rollback was noticed. */
function noSecondWord({ twoApprovals, servedAfterNotice }: World): void {
  demand(!twoApprovals, 'never two approvals of different amounts for one channel', () => '')
  demand(!servedAfterNotice, 'never served after a rollback is noticed', () => '')
}

/** What holds after every step. */
export function check(world: World, isBobAwake = true): void {
  holdTogether([
    () => fundsConserved(world),
    () => noQuarrel(world),
    () => noSecondWord(world),
    () => isBobAwake && bobIsSafe(world),
    () => charlieIsPaid(world),
    () => aliceIsSafe(world),
  ])
}

/** What holds when strangers have ended all, and hosts have left. */
export function checkEnd(world: World, isBobAwake: boolean): void {
  holdTogether([() => check(world, isBobAwake), () => nothingLeft(world)])
}

function nothingLeft({ chain }: World): void {
  const name = 'every channel ends'
  const left = { deposited: 0n, collateral: 0n, owed: 0n, fees: 0n, storage: 0n }
  demand(chain.books.channels.size === 0, name, () => [...chain.books.channels.keys()])
  demand(show(chain.books.totals) === show(left), name, () => chain.books.totals)
  demand(chain.balance === chain.consents, name, () => [chain.balance, chain.consents])
}

/** A host that pays itself is as well off as one that paid the owner for what it used, at best. */
export function checkTheft(world: World): void {
  const { chain, mallory } = world
  const earned = sum(chain.ended.map(({ id }) => world.worth(id).owner))
  demand(chain.wallet(mallory.account) <= -earned, 'offline theft never pays', () => [
    chain.wallet(mallory.account),
    earned,
  ])
}
