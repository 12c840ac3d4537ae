// Peers restart again and again; the mark moves on. The host stops the enclave wherever it likes, and puts back any file.
import type { Mark } from '@dcml/channels'
import { antiRollbackCompliance } from '@dcml/channels/testing'
import { DcmlError, equalBytes, toHex } from '@dcml/protocol'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { PeerMemory } from './memory.ts'
import { type MovingRegister, movingRegister, type Register, type Roster, type WatchedQuorum } from './moving.ts'
import { majorityOf } from './poll.ts'

const PEERS = 3
const bytesOf = (n: number): Uint8Array => {
  const bytes = new Uint8Array(32)
  new DataView(bytes.buffer).setUint32(0, n)
  return bytes
}

/** A process that remembers for others; at each address there is one at a time. */
interface Process {
  readonly boot: Uint8Array
  readonly memory: PeerMemory
}

class World {
  #made = 1
  readonly addresses: Process[]
  /** Messages until the enclave dies. */
  fuel = Number.POSITIVE_INFINITY
  /** Fates of the next messages: below 1 lost on the way, below 2 on the way back. */
  fates: number[] = []
  /** Every file the enclave ever wrote, newest last. */
  readonly files: Roster[]
  /** The last file of the history that is believed: a start from an older one can find that it is over, and write that. */
  newest: Roster

  constructor() {
    this.addresses = Array.from({ length: PEERS }, () => this.boot())
    this.newest = { current: this.chosen(), next: null }
    this.files = [this.newest]
  }

  boot = (): Process => ({ boot: bytesOf(this.#made++), memory: new PeerMemory({ maxOwners: 1000 }) })

  restart(address: number): void {
    this.addresses[address] = this.boot()
  }

  chosen = (): Register => ({ id: bytesOf(this.#made++), memoryIds: this.addresses.map(({ boot }) => boot) })

  lost = ({ memoryIds }: Register): number =>
    memoryIds.filter((boot, i) => !equalBytes(boot, this.addresses[i]!.boot)).length

  #burn(): void {
    if (this.fuel-- <= 0) throw new Error('killed')
  }

  quorumOf = (register: Register): WatchedQuorum => {
    const owner = toHex(register.id)
    const over = async <T>(i: number, act: (memory: PeerMemory) => T): Promise<T | { said: 'forgotten' }> => {
      this.#burn()
      const fate = this.fates.shift() ?? 9
      if (fate < 1) throw new Error('lost')
      const { boot, memory } = this.addresses[i]!
      const answer = equalBytes(boot, register.memoryIds[i]!) ? act(memory) : ({ said: 'forgotten' } as const)
      this.#burn()
      if (fate < 2) throw new Error('lost')
      return answer
    }
    return {
      peers: this.addresses.map((_, i) => ({
        recall: (term) => over(i, (memory) => memory.recall(owner, term)),
        remember: (held) => over(i, (memory) => memory.remember(owner, held)),
      })),
      random: () => toHex(bytesOf(this.#made++).subarray(0, 16)),
      again: async (tries) => this.fuel > 0 && tries < 4,
      hasLost: async () => this.lost(register) > 0,
      close: async () => {},
    }
  }

  start(roster: Roster, life = { isBelieved: roster === this.newest }): MovingRegister {
    return movingRegister({
      roster,
      save: async (next) => {
        this.#burn()
        this.files.push(next)
        if (life.isBelieved) this.newest = next
      },
      quorumOf: this.quorumOf,
      choose: async () => this.chosen(),
    })
  }
}

const act = fc.oneof(
  { weight: 4, arbitrary: fc.record({ does: fc.constant('start' as const), back: fc.nat(3), old: fc.boolean() }) },
  { weight: 6, arbitrary: fc.constant({ does: 'step' as const }) },
  { weight: 5, arbitrary: fc.constant({ does: 'look' as const }) },
  { weight: 3, arbitrary: fc.record({ does: fc.constant('restart' as const), peer: fc.nat(PEERS - 1) }) },
  { weight: 2, arbitrary: fc.record({ does: fc.constant('kill' as const), fuel: fc.nat(14) }) },
  {
    weight: 2,
    arbitrary: fc.record({ does: fc.constant('lose' as const), fates: fc.array(fc.nat(3), { maxLength: 9 }) }),
  },
)

test('whatever restarts and whatever file is put back, one history is believed, and an enclave that looks after its peers goes on', async () => {
  const seen = new Map<string, number>()
  const saw = (what: string): void => void seen.set(what, (seen.get(what) ?? 0) + 1)
  await fc.assert(
    fc.asyncProperty(fc.array(act, { minLength: 4, maxLength: 40, size: 'max' }), async (acts) => {
      const world = new World()
      let written = 100_000
      /** States that exist; a ledger refuses a mark that names none of them. */
      const states = new Map<string, bigint>([[toHex(new Uint8Array(32)), 0n]])
      const believed = new Map<bigint, string>([[0n, toHex(new Uint8Array(32))]])
      let highest = 0n
      const believe = ({ counter, digest }: Mark): void => {
        expect(believed.get(counter) ?? toHex(digest), `two states of number ${counter}`).toBe(toHex(digest))
        believed.set(counter, toHex(digest))
        if (counter > highest) highest = counter
      }
      let running: { register: MovingRegister; mark: Mark } | undefined
      const attempt = async (work: () => Promise<void>): Promise<void> => {
        try {
          await work()
        } catch (error) {
          const known = DcmlError.isInstance(error) ? error.code : (error as Error).message
          expect(known).toMatch(/^(rollback_(conflict|quorum_lost|quorum_unreachable)|killed)$/)
          saw(known)
          if (known === 'killed') world.fuel = 0
          running = undefined
        }
      }
      const begin = (roster: Roster): Promise<void> =>
        attempt(async () => {
          const written = world.files.length
          const life = { isBelieved: roster === world.newest }
          const register = world.start(roster, life)
          const mark = await register.read()
          const isState = states.get(toHex(mark.digest)) === mark.counter
          if (!isState) return saw('no such state')
          expect(mark.counter, 'a state that was turned back passes').toBeGreaterThanOrEqual(highest)
          believe(mark)
          life.isBelieved = true
          if (world.files.length > written) world.newest = world.files.at(-1)!
          running = { register, mark }
        })
      const step = (): Promise<void> =>
        attempt(async () => {
          const { register, mark } = running!
          const next = { counter: mark.counter + 1n, digest: bytesOf(written++) }
          states.set(toHex(next.digest), next.counter)
          await register.advance(next)
          expect(believed.get(mark.counter)).toBe(toHex(mark.digest))
          believe(next)
          running = { register, mark: next }
        })
      /** It goes on beside the ledger, which does not hear where it fails. */
      const lookAfter = async (): Promise<void> => {
        const before = running
        await attempt(async () => {
          if (!(await before!.register.lookAfter())) return
          saw('moved')
          expect(world.files.at(-1)!.next).toBe(null)
        })
        running = before
      }

      for (const one of acts) {
        if (one.does === 'restart') world.restart(one.peer)
        else if (one.does === 'kill') world.fuel = one.fuel
        else if (one.does === 'lose') world.fates = one.fates.slice()
        else if (one.does === 'start') {
          world.fuel = Number.POSITIVE_INFINITY
          const { files } = world
          if (world.newest.next !== null) saw('a move that was cut off')
          const back = one.old ? one.back * 2 : 0
          await begin(files[Math.max(0, files.length - 1 - back)]!)
        } else if (running !== undefined) await (one.does === 'step' ? step() : lookAfter())
        if (world.fuel <= 0) running = undefined
      }

      // with the newest file, whatever was lost before
      world.fuel = Number.POSITIVE_INFINITY
      world.fates = []
      running = undefined
      await begin(world.newest)
      if (running !== undefined) {
        for (let times = 0; times < 5; times++) {
          await lookAfter()
          world.restart(times % PEERS)
          await step()
        }
        expect(running, 'an enclave whose peers restart one at a time goes on').toBeDefined()
        saw('goes on')
      } else {
        // what the newest file names is lost; where a move was cut off, what it was moving from or to
        const { current, next } = world.newest
        const isLost = (register: Register | null): boolean =>
          register !== null && PEERS - world.lost(register) < majorityOf(PEERS)
        expect(isLost(current) || isLost(next)).toBe(true)
      }
    }),
    { numRuns: 600 },
  )
  for (const outcome of ['goes on', 'moved', 'no such state', 'a move that was cut off', 'rollback_quorum_lost'])
    expect(seen.get(outcome) ?? 0, outcome).toBeGreaterThan(0)
})

test('a move whose end was not heard is found out at the next step', async () => {
  const world = new World()
  const register = world.start(world.files[0]!)
  await register.advance({ counter: 1n, digest: bytesOf(1) })
  world.restart(0)
  // the new register is reached, the farewell to the old one is kept and never answered
  world.fates = [...Array(6).fill(9), ...Array(12).fill(1)]
  await expect(register.lookAfter()).rejects.toMatchObject({ code: 'rollback_quorum_unreachable' })
  await register.advance({ counter: 2n, digest: bytesOf(2) })
  const { current, next } = world.files.at(-1)!
  expect([world.lost(current), next]).toEqual([0, null])
  expect(await register.read()).toEqual({ counter: 2n, digest: bytesOf(2) })
})

test.each(
  antiRollbackCompliance(async () => {
    const world = new World()
    return { handle: world.start(world.files[0]!), again: async () => world.start(world.files[0]!) }
  }),
)('quorum: $name', ({ run }) => run())
