import fc from 'fast-check'
import type { Edge } from '../src/edge.ts'
import { type Ledger, RULES } from './ledger.ts'
import { certify, connections, partsOf } from './oracle.ts'

/** All methods, in any order, by anyone; signatures that are right, and some that are not. */
export const PARTIES = ['alice', 'bob', 'carol', 'dave', 'eve'] as const

const who = fc.constantFrom(...PARTIES)
const id = fc.bigInt({ min: 0n, max: 9n })
const amount = fc.bigInt({ min: 0n, max: 60n })
const genuine = fc.integer({ min: 0, max: 9 }).map((n) => n > 0)
export const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant('register' as const), who, amount, key: who }) },
  fc.record({ do: fc.constant('stake' as const), who, amount }),
  { weight: 6, arbitrary: fc.record({ do: fc.constant('withdraw' as const), who }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('connect' as const), who, peer: who, amount, other: amount }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('open' as const), who, peer: who, amount }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('confirm' as const), who, id, amount }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('cancel' as const), who, id }) },
  fc.record({ do: fc.constant('deposit' as const), who, id, amount }),
  { weight: 2, arbitrary: fc.record({ do: fc.constant('close' as const), who, id }) },
  fc.record({ do: fc.constant('update' as const), who, id, revision: fc.nat(4), genuine }),
  { weight: 4, arbitrary: fc.record({ do: fc.constant('sever' as const), who, id, end: who, genuine }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('voucher' as const), who, id, end: who, seq: id, amount, genuine }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('cooperate' as const), who, id, amount, genuine }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('settle' as const), who, id }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('claim' as const), who, id }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('release' as const), who, id }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('isolate' as const), who, witness: who }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('prove' as const), who, witness: who, ends: genuine }) },
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('reconnect' as const), who, path: fc.array(id, { maxLength: 2 }) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('collect' as const), who: fc.constantFrom(...PARTIES, 'treasury') }),
  },
  fc.record({ do: fc.constant('vanish' as const), who, back: fc.boolean() }),
  { weight: 4, arbitrary: fc.record({ do: fc.constant('wait' as const), ns: fc.bigInt({ min: 1n, max: 120n }) }) },
)
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

/** What an edge must be for a step to get through. */
const STATUS: Record<string, readonly Edge['status'][]> = {
  confirm: ['pending'],
  cancel: ['pending'],
  deposit: ['pending', 'active'],
  close: ['active'],
  update: ['active'],
  sever: ['active', 'closing'],
  voucher: ['closing', 'severed'],
  cooperate: ['closing'],
  settle: ['closing', 'severed'],
}

/** Most steps are about an edge that they fit, by one of its ends; the others are as they come. */
export function aim(ledger: Ledger, step: Step): Step {
  const { books } = ledger
  if (step.do === 'release' || step.do === 'claim') {
    const held = [...books.escrows.keys()]
    return { ...step, id: BigInt(held[Number(step.id) % held.length] ?? '0') }
  }
  if (step.do === 'register') {
    const [who = step.who] = [...books.gone.keys()] as (typeof step.who)[]
    return step.amount > 30n ? { ...step, who, key: who } : step
  }
  if (step.do === 'reconnect') {
    const [who = step.who] = PARTIES.filter((one) => books.nodes.get(one)?.isolated)
    const own = connections(ledger).filter(({ u, v }) => u === who || v === who)
    return {
      ...step,
      who,
      path: own.length > 0 ? [(own[step.path.length % own.length] as { id: bigint }).id] : step.path,
    }
  }
  const fitting = [...books.edges].filter(([, { status }]: [string, Edge]) => STATUS[step.do]?.includes(status))
  if (!('id' in step) || step.id > 7n || fitting.length === 0) return step
  const [id, { u, v }] = fitting[Number(step.id) % fitting.length] as [string, Edge]
  const end = (step.id % 2n === 0n ? u : v) as typeof step.who
  const who = (step.do === 'confirm' ? v : step.do === 'cancel' ? u : end) as typeof step.who
  return { ...step, id: BigInt(id), who, ...('end' in step && { end }) }
}

export function take(ledger: Ledger, step: Step): string | null {
  switch (step.do) {
    case 'register':
      return ledger.register(step.who, RULES.minStake + step.amount, step.key)
    case 'stake':
      return ledger.addStake(step.who, step.amount)
    case 'withdraw':
      return ledger.withdraw(step.who)
    case 'connect': {
      const next = ledger.books.nextEdge
      return ledger.open(step.who, step.peer, step.amount) ?? ledger.confirm(step.peer, next, step.other)
    }
    case 'open':
      return ledger.open(step.who, step.peer, step.amount)
    case 'confirm':
      return ledger.confirm(step.who, step.id, step.amount)
    case 'cancel':
      return ledger.cancel(step.who, step.id)
    case 'deposit':
      return ledger.deposit(step.who, step.id, step.amount)
    case 'close':
      return ledger.startClose(step.who, step.id)
    case 'update':
      return ledger.update(step.who, step.id, step.revision, step.genuine)
    case 'sever':
      return ledger.sever(step.who, step.id, step.end, step.genuine)
    case 'voucher':
      return ledger.voucher(step.who, step.id, step.end, step.seq, step.amount, step.genuine)
    case 'cooperate': {
      const edge: Edge | null = ledger.books.edges.get(`${step.id}`)
      const rest = (edge ? edge.depositU + edge.depositV : 0n) - step.amount
      return ledger.cooperate(step.who, step.id, step.amount, rest < 0n ? 0n : rest, step.genuine)
    }
    case 'settle':
      return ledger.settle(step.who, step.id)
    case 'claim':
      return ledger.claim(step.who, step.id)
    case 'release':
      return ledger.release(step.who, step.id)
    case 'isolate': {
      const certificate = certificateOf(ledger, step.who, step.witness)
      const told = certificate && ledger.report(certificate)
      return typeof told === 'string' ? told : null
    }
    case 'prove':
      return prove(ledger, step)
    case 'reconnect':
      return ledger.reconnect('anyone', step.who, step.path)
    case 'collect':
      return ledger.gone.has(step.who) ? 'gone' : ledger.collect('anyone', step.who)
    case 'vanish':
      if (step.back) ledger.gone.delete(step.who)
      else ledger.gone.add(step.who)
      return null
    case 'wait':
      ledger.now += step.ns
      ledger.height += step.ns
      return null
  }
}

function certificateOf(ledger: Ledger, account: string, witness: string) {
  const parts = partsOf(ledger)
  const find = (one: string) => parts.find(({ accounts }) => accounts.includes(one))
  const [cut, by] = [find(account), find(witness)]
  return cut && by ? certify(ledger, cut, by) : null
}

/** The same in chunks of one node, ended or dropped. */
function prove(ledger: Ledger, { who, witness, ends }: { who: string; witness: string; ends: boolean }): string | null {
  const certificate = certificateOf(ledger, who, witness)
  if (!certificate) return null
  const proof = ledger.books.nextProof
  const all = [...certificate.cut, ...certificate.witness]
  ledger.startProof(who, BigInt(all.length))
  const cut = certify(
    ledger,
    { accounts: certificate.cut, stake: 0n },
    { accounts: certificate.cut, stake: 0n },
  ).witness
  const refused =
    ledger.collectProof(who, proof, { ...certificate, cut }) ??
    ledger.checkProof(who, proof, { cut: [], witness: certificate.witness }) ??
    ledger.checkProof(who, proof, { cut, witness: [] })
  const isDone = ends && refused === null && ledger.finishProof('anyone', proof, cut) === null
  return isDone ? null : drop(ledger, who, proof)
}

export function drop(ledger: Ledger, who: string, proof: bigint): string | null {
  const start = `${proof}/`
  const marks = [...ledger.books.marks.keys()].filter((key) => key.startsWith(start))
  return ledger.dropProof(
    who,
    proof,
    marks.map((key) => key.slice(start.length)),
  )
}
