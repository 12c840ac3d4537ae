import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Certificate, MAX_CUT, MAX_WITNESS } from '../src/partition.ts'
import { Ledger, RULES } from './ledger.ts'
import { certify, connections, type Part, partsOf } from './oracle.ts'

const ACCOUNTS = Array.from({ length: 7 }, (_, n) => `node${n}`)
const nth = fc.nat(ACCOUNTS.length - 1)

const FATES = ['active', 'active', 'young', 'sever', 'close'] as const

/** A network of 7 nodes: what they have at stake beyond the least, which edges there are and what became of them. */
const plan = fc.record({
  stakes: fc.array(fc.bigInt({ min: 0n, max: 3n }), { minLength: 7, maxLength: 7 }),
  edges: fc.array(fc.record({ u: nth, v: nth, fate: fc.constantFrom(...FATES) }), { maxLength: 12 }),
})

function build({ stakes, edges }: typeof plan extends fc.Arbitrary<infer T> ? T : never): Ledger {
  const ledger = new Ledger()
  for (const [at, account] of ACCOUNTS.entries()) ledger.register(account, RULES.minStake + (stakes[at] as bigint))
  const opened = edges.flatMap(({ u, v, fate }) => {
    const id = ledger.books.nextEdge
    const [a, b] = [ACCOUNTS[u] as string, ACCOUNTS[v] as string]
    return ledger.open(a, b, 0n) === null ? [{ id, a, b, fate }] : []
  })
  for (const { id, b, fate } of opened) if (fate !== 'young') ledger.confirm(b, id, 0n)
  ledger.now += RULES.activation
  for (const { id, a, b, fate } of opened) {
    if (fate === 'young') ledger.confirm(b, id, 0n)
    if (fate === 'sever') ledger.sever('anyone', id, a)
    if (fate === 'close') ledger.startClose(a, id)
  }
  return ledger
}

const most = (parts: readonly Part[]): bigint => [...parts].sort((a, b) => Number(b.stake - a.stake))[0]?.stake ?? 0n

test('I18: every node outside all parts with most stake can be proven to be cut off, and nobody else', () => {
  let proven = 0
  fc.assert(
    fc.property(plan, (plan) => {
      const ledger = build(plan)
      const parts = partsOf(ledger)
      for (const cut of parts)
        for (const witness of parts) {
          const before = ledger.books
          const told = ledger.report(certify(ledger, cut, witness))
          // slashing changes who outweighs whom
          ledger.books = before
          expect(Array.isArray(told)).toBe(witness.stake > cut.stake)
          proven += Array.isArray(told) ? told.length : 0
        }
    }),
    { numRuns: 200 },
  )
  expect(proven).toBeGreaterThan(100)
})

const account = nth.map((n) => ACCOUNTS[n] as string)
/** Who is said to be cut off from whom, and how the witnesses are said to be connected. */
const claim = fc.record({
  cut: fc.array(account, { minLength: 1, maxLength: 4 }),
  witness: fc.array(account, { minLength: 1, maxLength: 5 }),
  tree: fc.array(fc.bigInt({ min: 0n, max: 13n }), { maxLength: 4 }),
  how: fc.constantFrom('so', 'by edges that connect', 'by any edges', 'with one named twice'),
})

function certificateOf(
  ledger: Ledger,
  { cut, witness, tree, how }: typeof claim extends fc.Arbitrary<infer T> ? T : never,
) {
  if (how === 'so') return { cut, witness, tree }
  const part = (accounts: readonly string[]): Part => ({ accounts, stake: 0n })
  const found = certify(ledger, part(cut), part(witness), connections(ledger, how === 'by any edges'))
  const [, second] = found.witness
  if (how !== 'with one named twice' || second === undefined) return found
  return { ...found, witness: [...found.witness, second], tree: [...found.tree, found.tree[0] as bigint] }
}

test('I18: whatever is claimed, nobody in a part with most stake is declared cut off', () => {
  let accepted = 0
  fc.assert(
    fc.property(plan, fc.array(claim, { minLength: 10, maxLength: 30 }), (plan, claims) => {
      const ledger = build(plan)
      const parts = partsOf(ledger)
      const top = most(parts)
      const before = ledger.books
      for (const one of claims) {
        const certificate = certificateOf(ledger, one)
        const told = ledger.report(certificate)
        ledger.books = before
        if (typeof told === 'string') continue
        accepted++
        const { cut } = certificate
        for (const { accounts, stake } of parts)
          if (stake === top) for (const one of accounts) expect(cut).not.toContain(one)
        // and nothing leaves it
        for (const { u, v } of connections(ledger)) expect(cut.includes(u)).toBe(cut.includes(v))
      }
    }),
    { numRuns: 300 },
  )
  expect(accepted).toBeGreaterThan(20)
})

test('how a reporter groups the parts of a cut makes no difference to who is slashed', () => {
  fc.assert(
    fc.property(plan, (plan) => {
      const ledger = build(plan)
      const parts = partsOf(ledger)
      const witness = parts.find(({ stake }) => stake === most(parts)) as Part
      const lost = parts.filter((part) => part.stake < witness.stake)
      const together = { accounts: lost.flatMap(({ accounts }) => accounts), stake: 0n }
      const stakes = () => ACCOUNTS.map((one) => ledger.books.nodes.get(one).stake)
      const before = ledger.books
      if (lost.length === 0 || typeof ledger.report(certify(ledger, together, witness)) === 'string') return
      const grouped = stakes()
      ledger.books = before
      for (const part of lost) expect(ledger.report(certify(ledger, part, witness))).toHaveLength(part.accounts.length)
      expect(stakes()).toEqual(grouped)
    }),
    { numRuns: 200 },
  )
})

/** The same in chunks of one node, each checked and declared for itself. Returns who was declared, or why nobody was. */
function prove(ledger: Ledger, { cut, witness, tree }: Certificate): string | number {
  const id = ledger.books.nextProof
  ledger.startProof('reporter', BigInt(cut.length + witness.length))
  const collect = (chunk: Partial<Certificate>) =>
    ledger.collectProof('reporter', id, { cut: [], witness: [], tree: [], ...chunk })
  for (const [at, one] of witness.entries()) {
    const refused = collect({ witness: [one], tree: at === 0 ? [] : [tree[at - 1] as bigint] })
    if (refused !== null) return refused
  }
  for (const one of cut) {
    const refused = collect({ cut: [one] })
    if (refused !== null) return refused
  }
  for (const one of cut) {
    const refused = ledger.checkProof('reporter', id, { cut: [one], witness: [] })
    if (refused !== null) return refused
  }
  ledger.checkProof('reporter', id, { cut: [], witness })
  const before = ledger.declared.length
  for (const one of cut) {
    const refused = ledger.finishProof('anyone', id, [one])
    if (refused !== null) return refused
  }
  return ledger.declared.length - before
}

test('a proof in chunks comes to what the same proof in one call does, slashes included', () => {
  let proven = 0
  fc.assert(
    fc.property(plan, (plan) => {
      const ledger = build(plan)
      const parts = partsOf(ledger)
      const nodes = () =>
        ACCOUNTS.map((one) => [ledger.books.nodes.get(one).stake, ledger.books.nodes.get(one).isolated])
      for (const cut of parts)
        for (const witness of parts) {
          const before = ledger.books
          const certificate = certify(ledger, cut, witness)
          const told = ledger.report(certificate)
          const atOnce = nodes()
          ledger.books = before
          const inOrder = certify(ledger, cut, cut).witness
          const chunked = prove(ledger, { ...certificate, cut: inOrder })
          expect(typeof chunked === 'number').toBe(Array.isArray(told))
          expect(nodes()).toEqual(atOnce)
          proven += typeof chunked === 'number' ? chunked : 0
          ledger.books = before
        }
    }),
    { numRuns: 60 },
  )
  expect(proven).toBeGreaterThan(50)
})

test('lists that are empty or too long are refused before they cost anything', () => {
  const ledger = new Ledger()
  const cut = Array.from({ length: MAX_CUT + 1 }, (_, n) => `n${n}`)
  expect(ledger.report({ cut: [], witness: ['a'], tree: [] })).toBe(`name 1 to ${MAX_CUT} nodes that are cut off`)
  expect(ledger.report({ cut, witness: ['a'], tree: [] })).toBe(`name 1 to ${MAX_CUT} nodes that are cut off`)
  expect(ledger.report({ cut: ['b'], witness: [], tree: [] })).toBe('name a witness')
  expect(MAX_WITNESS).toBe(512)
})
