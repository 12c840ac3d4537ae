// Everything a host can do to enclaves and to their messages: start, stop, restart, copy disks and memories, hold back
// and lose messages, restart peers. What must hold is in `Witness`.
import type { Mark } from '@dcml/channels'
import { DcmlError, toHex } from '@dcml/protocol'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { PeerMemory } from './memory.ts'
import { majorityOf } from './poll.ts'
import { advanceSession, openSession, type Peer, type Quorum, type Session } from './session.ts'

const OWNER = 'aa'
const hexOf = ({ digest }: Mark): string => toHex(digest)

/** Judges every step that an enclave may act upon. */
class Witness {
  /** Digest of the one state of each number that was believed by anyone. */
  readonly believed = new Map<bigint, string>([[0n, '00'.repeat(32)]])
  readonly passed = new Set<bigint>()
  highest = 0n

  #believe(mark: Mark): void {
    const known = this.believed.get(mark.counter)
    if (known !== undefined) expect(hexOf(mark), `two states of number ${mark.counter}`).toBe(known)
    this.believed.set(mark.counter, hexOf(mark))
    if (mark.counter > this.highest) this.highest = mark.counter
  }

  /** @param least the highest number believed when the reading began */
  read(mark: Mark, least: bigint): void {
    expect(mark.counter, 'a state that was turned back passes').toBeGreaterThanOrEqual(least)
    this.#believe(mark)
  }

  advanced(from: Mark, to: Mark): void {
    expect(this.passed.has(to.counter), `two copies got through number ${to.counter}`).toBe(false)
    expect(this.believed.get(from.counter), 'it builds on a state that was outdated').toBe(hexOf(from))
    this.passed.add(to.counter)
    this.#believe(to)
  }
}

/** Peers behind a network that the host owns. */
class World {
  readonly witness = new Witness()
  readonly memories: PeerMemory[]
  /** How many times each peer was restarted. */
  readonly restarts: number[]
  /** What happens to the next messages: below 2 a request is lost, below 4 an answer. */
  fates: number[] = []
  step: (label: string) => Promise<void> = async () => {}
  #made = 0

  constructor(peers: number) {
    this.memories = Array.from({ length: peers }, () => new PeerMemory({ maxOwners: 1 }))
    this.restarts = this.memories.map(() => 0)
  }

  random = (): string => (this.#made++).toString(16).padStart(32, '0')

  restart(peer: number): void {
    this.memories[peer] = new PeerMemory({ maxOwners: 1 })
    this.restarts[peer]!++
  }

  get lost(): number {
    return this.restarts.filter((times) => times > 0).length
  }

  /** As one process sees it; `alive` ends with the process. */
  quorum(alive: () => boolean, tries: number): Quorum {
    const over = async <T>(peer: number, act: (memory: PeerMemory) => T): Promise<T | { said: 'forgotten' }> => {
      const fate = this.fates.shift() ?? 9
      await this.step(`to ${peer}`)
      if (!alive() || fate < 2) throw new Error('lost')
      const answer = this.restarts[peer] ? ({ said: 'forgotten' } as const) : act(this.memories[peer]!)
      await this.step(`from ${peer}`)
      if (fate < 4) throw new Error('lost')
      return answer
    }
    const peers = this.memories.map(
      (_, i): Peer => ({
        recall: (term) => over(i, (memory) => memory.recall(OWNER, term)),
        remember: (held) => over(i, (memory) => memory.remember(OWNER, held)),
      }),
    )
    return { peers, random: this.random, again: (made) => this.step('wait').then(() => made < tries) }
  }
}

/** States that follow one another; a copy that does the same writes the same. */
const after = ({ counter, digest }: Mark, choice: number): Mark => ({
  counter: counter + 1n,
  digest: digest.map((byte, i) => (i === Number(counter % 32n) ? byte + 1 + choice : byte)),
})

const KNOWN = /^rollback_(conflict|forked|quorum_lost|quorum_unreachable)$/
const refusal = (error: unknown): string => {
  if (DcmlError.isInstance(error) && KNOWN.test(error.code)) return error.code
  throw error
}

/** One start of the enclave, or a copy of its memory. Returns when it was refused or had nothing more to do. */
async function live(world: World, quorum: Quorum, alive: () => boolean, choices: readonly number[], from?: Session) {
  const { witness } = world
  let session = from
  if (session === undefined) {
    const least = witness.highest
    session = await openSession(quorum)
    if (!alive()) return session
    witness.read(session.mark, least)
  }
  for (const choice of choices) {
    const next = after(session.mark, choice)
    const { mark } = session
    session = await advanceSession(quorum, session, next)
    if (!alive()) return session
    witness.advanced(mark, next)
  }
  return session
}

const act = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ does: fc.constant('start' as const), choices: fc.array(fc.nat(1), { maxLength: 4 }) }),
  },
  { weight: 3, arbitrary: fc.record({ does: fc.constant('stop' as const), which: fc.nat(9) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      does: fc.constant('copy' as const),
      choices: fc.array(fc.array(fc.nat(1), { minLength: 1, maxLength: 3 }), { minLength: 2, maxLength: 2 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('restart' as const), peer: fc.nat(4) }) },
)

test('whatever a host does, one history of states is believed; with at most f peers lost it goes on, else it ends', async () => {
  const seen = new Map<string, number>()
  await fc.assert(
    fc.asyncProperty(
      fc.scheduler(),
      fc.constantFrom(3, 5),
      fc.array(act, { minLength: 2, maxLength: 8 }),
      fc.array(fc.nat(19), { maxLength: 120 }),
      async (scheduler, peers, acts, fates) => {
        const world = new World(peers)
        world.fates = fates.slice()
        world.step = (label) => scheduler.schedule(Promise.resolve(), label)
        const stopped = new Set<number>()
        const running: Promise<unknown>[] = []
        let copied = false
        const run = (choices: readonly number[], from?: Session): Promise<Session | undefined> => {
          const me = running.length
          const alive = (): boolean => !stopped.has(me)
          const life = live(world, world.quorum(alive, 3), alive, choices, from).catch((error: unknown) => {
            const code = refusal(error)
            seen.set(code, (seen.get(code) ?? 0) + 1)
            return undefined
          })
          running.push(life)
          return life
        }
        running.push(
          (async () => {
            for (const one of acts) {
              await world.step(one.does)
              if (one.does === 'start') void run(one.choices)
              else if (one.does === 'stop') stopped.add(1 + (one.which % Math.max(1, running.length - 1)))
              else if (one.does === 'restart') world.restart(one.peer % peers)
              else {
                const session = await run([])
                if (session === undefined) continue
                copied = true
                for (const choices of one.choices) void run(choices, session)
              }
            }
          })(),
        )
        for (let waited = 0; waited < running.length; ) {
          waited = running.length
          await scheduler.waitFor(Promise.all(running))
        }

        // the host mends its network and starts the enclave once more
        world.fates = []
        world.step = async () => {}
        const end = await live(
          world,
          world.quorum(() => true, 20),
          () => true,
          [0, 1],
        ).catch(refusal)
        const outcome = typeof end === 'string' ? end : 'goes on'
        seen.set(outcome, (seen.get(outcome) ?? 0) + 1)
        if (peers - world.lost < majorityOf(peers)) expect(outcome).toBe('rollback_quorum_lost')
        else if (outcome !== 'goes on') expect([outcome, copied]).toEqual(['rollback_forked', true])
      },
    ),
    { numRuns: 400 },
  )
  for (const outcome of ['goes on', 'rollback_conflict', 'rollback_quorum_lost', 'rollback_quorum_unreachable'])
    expect(seen.get(outcome) ?? 0, outcome).toBeGreaterThan(0)
})

/** Three peers, of which some can be reached, and states named by their last byte. */
function three() {
  const memories = [0, 1, 2].map(() => new PeerMemory({ maxOwners: 1 }))
  let made = 0
  const reach = (...reachable: number[]): Quorum => ({
    peers: memories.map((_, i) => {
      const through = <T>(act: (memory: PeerMemory) => T): Promise<T> =>
        reachable.includes(i) ? Promise.resolve(act(memories[i]!)) : Promise.reject(new Error('unreachable'))
      return {
        recall: (term) => through((memory) => memory.recall(OWNER, term)),
        remember: (held) => through((memory) => memory.remember(OWNER, held)),
      }
    }),
    random: () => (made++).toString(16).padStart(32, '0'),
    again: async (tries) => tries < 3,
  })
  return { memories, reach }
}
const mark = (counter: bigint, byte: number): Mark => ({ counter, digest: new Uint8Array(32).fill(byte) })
const code = (promise: Promise<unknown>) => promise.then(() => 'none', refusal)

test('a step that one peer heard of before the machine died is taken up, or dropped for good', async () => {
  for (const heard of [true, false]) {
    const { reach } = three()
    const first = await advanceSession(reach(0, 1, 2), await openSession(reach(0, 1, 2)), mark(1n, 1))
    expect(await code(advanceSession(reach(0), first, mark(2n, 2)))).toBe('rollback_quorum_unreachable')
    const settled = heard ? mark(2n, 2) : mark(1n, 1)
    expect((await openSession(heard ? reach(0, 1) : reach(1, 2))).mark).toEqual(settled)
    // whoever answers from now on
    for (const two of [
      [0, 1],
      [1, 2],
      [0, 2],
    ])
      expect((await openSession(reach(...two))).mark).toEqual(settled)
  }
})

test('the furthest number does not win: what a later start settled does', async () => {
  const { reach } = three()
  let session = await advanceSession(reach(0, 1, 2), await openSession(reach(0, 1, 2)), mark(1n, 1))
  session = await advanceSession(reach(0, 1, 2), session, mark(2n, 2))
  await code(advanceSession(reach(0), session, mark(3n, 3)))
  const second = await openSession(reach(1, 2))
  expect(second.mark).toEqual(mark(2n, 2))
  expect((await openSession(reach(0, 1))).mark).toEqual(mark(2n, 2))
})

test('votes that split between two copies of a disk leave one state, not none', async () => {
  const { reach } = three()
  const first = await openSession(reach(0, 1, 2))
  expect(await code(advanceSession(reach(0), first, mark(1n, 1)))).toBe('rollback_quorum_unreachable')
  const second = await openSession(reach(1, 2))
  await advanceSession(reach(1, 2), second, mark(1n, 2))
  // peer 2 is lost: 0 holds the one state, 1 the other
  expect((await openSession(reach(0, 1))).mark).toEqual(mark(1n, 2))
  expect(await code(advanceSession(reach(0, 1), first, mark(1n, 1)))).toBe('rollback_conflict')
})

test('copies of one memory that write different states are both stopped where nobody can tell which was first', async () => {
  const { reach } = three()
  const copy = await openSession(reach(0, 1, 2))
  await code(advanceSession(reach(0), copy, mark(1n, 1)))
  await code(advanceSession(reach(1), copy, mark(1n, 2)))
  expect(await code(openSession(reach(0, 1)))).toBe('rollback_forked')
})

test('copies of one memory that write the same state: one gets through', async () => {
  const { reach } = three()
  const copy = await openSession(reach(0, 1, 2))
  const both = await Promise.all([1, 2].map(() => code(advanceSession(reach(0, 1, 2), copy, mark(1n, 1)))))
  expect(both.sort()).toEqual(['none', 'rollback_conflict'])
})

test('a term is promised once, so that of two copies of a starting enclave one has it', () => {
  const memory = new PeerMemory({ maxOwners: 1 })
  const term = { number: 1n, id: '00' }
  expect(memory.recall(OWNER, term).said).toBe('promised')
  expect(memory.recall(OWNER, term)).toEqual({ said: 'outranked', by: term })
})

test('a peer that is full takes no newcomer and forgets nobody', () => {
  const memory = new PeerMemory({ maxOwners: 1 })
  const term = { number: 1n, id: '00' }
  const held = { term, mark: mark(1n, 1), attempt: '00' }
  memory.remember('one', held)
  for (const newcomer of [() => memory.recall('two', term), () => memory.remember('two', held)])
    expect(newcomer).toThrow(expect.objectContaining({ code: 'rollback_memory_full' }))
  expect(memory.recall('one', { number: 2n, id: '00' })).toEqual({ said: 'promised', held })
})
