import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import {
  ACTIVATION,
  CHALLENGE,
  CONFIRMING,
  hashOf,
  NEAR,
  NOTICE,
  OPENING,
  PARAMS,
  type Party,
  paramsArgs,
  porWasm,
  proof,
  WINDOW,
  World,
} from './world.ts'

let wasm: Uint8Array
beforeAll(async () => {
  wasm = await porWasm()
})

const NAMES = ['alice', 'bob', 'carol', 'eve'] as const
const who = fc.constantFrom(...NAMES)
const nth = fc.nat(5)
const amount = fc.bigInt({ min: 0n, max: 3n })
const isRight = fc.integer({ min: 0, max: 5 }).map((n) => n > 0)
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('connect' as const), who, peer: who, amount }) },
  fc.record({ do: fc.constant('open' as const), who, peer: who, amount }),
  fc.record({ do: fc.constantFrom('confirm' as const, 'cancel' as const, 'deposit' as const), who, nth, amount }),
  { weight: 2, arbitrary: fc.record({ do: fc.constant('start_close' as const), who, nth }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('sever' as const), who, nth, isRight }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('voucher' as const), who, nth, amount, isRight }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('cooperate' as const), who, nth, amount, isRight }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom('settle' as const, 'claim_reimbursement' as const, 'release_escrow' as const),
      who,
      nth,
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('report' as const), cut: fc.uniqueArray(who, { minLength: 1 }) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('reconnect' as const), who, nth }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('register' as const, 'withdraw' as const), who, amount }) },
  fc.record({ do: fc.constant('vanish' as const), who }),
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('wait' as const),
      ms: fc.constantFrom(ACTIVATION, NOTICE, CHALLENGE, WINDOW),
    }),
  },
)
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

/** A world, the edges opened in it, and the accounts that were deleted. */
class Walk {
  readonly world: World
  readonly edges: { id: bigint; u: Party; v: Party }[] = []
  readonly #gone = new Set<Party>()
  done = 0

  constructor(world: World) {
    this.world = world
  }

  call(by: Party, method: string, args: object = {}, deposit = 0n): string | null {
    if (this.#gone.has(by)) return null
    const result = this.world.call(by, method, args, { deposit, mayFail: true })
    if (result.error !== null) return null
    this.done++
    return method === 'open_edge' ? result.json<string>() : ''
  }

  open(u: Party, v: Party, amount: bigint): bigint | null {
    const args = { peer: v.id, params: paramsArgs(PARAMS) }
    const id = this.call(u, 'open_edge', args, amount * NEAR + OPENING)
    if (id === null) return null
    this.edges.push({ id: BigInt(id), u, v })
    return BigInt(id)
  }

  take(one: Step): void {
    const { world } = this
    const by = 'who' in one ? world.by[one.who] : world.by.whale
    const edge = 'nth' in one && this.edges.length > 0 ? this.edges[one.nth % this.edges.length] : undefined
    const confirm = (id: bigint, end: Party, amount: bigint) =>
      this.call(end, 'confirm_edge', { edge_id: id, params_hash: hashOf(PARAMS) }, amount * NEAR + CONFIRMING)
    if (one.do === 'connect') {
      const peer = world.by[one.peer]
      const id = this.open(by, peer, one.amount)
      if (id !== null) confirm(id, peer, one.amount)
    } else if (one.do === 'open') this.open(by, world.by[one.peer], one.amount)
    else if (one.do === 'report')
      this.call(
        by,
        'report_partition',
        proof(
          one.cut.map((name) => world.by[name]),
          [by],
        ),
      )
    else if (one.do === 'register')
      this.call(by, 'register_node', { key: by.key.hex, endpoint: '' }, (one.amount + 2n) * NEAR)
    else if (one.do === 'withdraw') this.call(by, 'withdraw_stake')
    else if (one.do === 'wait') world.wait(one.ms)
    else if (one.do === 'vanish') this.#vanish(by)
    else if (edge !== undefined) {
      const { id, u, v } = edge
      const edge_id = id
      const key = 'isRight' in one && one.isRight ? by.key : v.key
      if (one.do === 'confirm') confirm(id, v, one.amount)
      else if (one.do === 'cancel') this.call(u, 'cancel_edge', { edge_id })
      else if (one.do === 'deposit') this.call(by, 'deposit', { edge_id }, one.amount * NEAR)
      else if (one.do === 'sever') this.call(world.by.whale, 'sever', world.cert(id, by, key))
      else if (one.do === 'voucher')
        this.call(world.by.whale, 'submit_voucher', world.voucher(id, by, one.amount * NEAR, 1n, key))
      else if (one.do === 'cooperate') {
        const offer = world.offer(id, u, one.isRight ? v : u, one.amount * NEAR, one.amount * NEAR)
        this.call(world.by.whale, 'cooperative_close', offer)
      } else if (one.do === 'reconnect') this.call(world.by.whale, 'report_reconnect', { account: by.id, path: [id] })
      else this.call(one.do === 'start_close' ? by : world.by.whale, one.do, { edge_id })
    }
  }

  #vanish(party: Party): void {
    if (this.#gone.size > 0) return
    this.#gone.add(party)
    party.account.send(party.id, [{ type: 'DeleteAccount', beneficiaryId: this.world.by.whale.id }])
  }

  /** Everything ends, and everything that is not owed or the treasury’s is paid. */
  end(): void {
    const { world } = this
    const { whale } = world.by
    for (const { id, u, v } of this.edges) {
      this.call(u, 'cancel_edge', { edge_id: id })
      this.call(u, 'start_close', { edge_id: id })
      this.call(v, 'start_close', { edge_id: id })
    }
    world.wait(NOTICE + CHALLENGE)
    for (const { id } of this.edges) this.call(whale, 'settle', { edge_id: id })
    world.wait(WINDOW)
    for (const { id } of this.edges)
      for (const method of ['claim_reimbursement', 'release_escrow']) this.call(whale, method, { edge_id: id })
  }
}

/** So that most of what follows meets an edge. */
const CONNECTED: Step[] = [
  { do: 'connect', who: 'alice', peer: 'bob', amount: 2n },
  { do: 'connect', who: 'bob', peer: 'carol', amount: 1n },
]

test('in wasm: whatever anyone calls in whatever order, the balance is the books to the yocto, and all is paid out', () => {
  const world = new World(wasm)
  for (const name of NAMES) world.register(world.by[name])
  world.register(world.by.whale, 500n * NEAR)
  const clean = world.chain.snapshot()
  let done = 0
  fc.assert(
    fc.property(fc.array(step, { minLength: 25, maxLength: 35, size: 'max' }), (steps) => {
      world.chain.revert(clean)
      const walk = new Walk(world)
      for (const one of [...CONNECTED, ...steps]) {
        walk.take(one)
        expect(world.surplus(), one.do).toBe(0n)
      }
      walk.end()
      expect(world.surplus()).toBe(0n)
      const { escrow, deposits, bonds } = world.held()
      expect(escrow).toBe(0n)
      // a deleted account cannot take its own offers back
      const open = world.view<{ edges: { status: string }[] }>('edges', { from_id: 1, limit: 100 }).edges
      expect(open.every(({ status }) => status === 'pending')).toBe(true)
      if (open.length === 0) expect([deposits, bonds]).toEqual([0n, 0n])
      done += walk.done
    }),
    { numRuns: 5 },
  )
  expect(done).toBeGreaterThan(30)
})
