// The invariants of the specification, §6, that one machine or a line of them can break; each under its number.
import { toHex } from '@dcml/protocol'
import { porResponse, requestHash, requireSigned } from '@dcml/protocol/por'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeMessage, encodeMessage } from '../wire/codec.ts'
import type { Message } from '../wire/messages.ts'
import { cheapVerify } from './testing/crypto.ts'
import { CHAIN } from './testing/defaults.ts'
import { Net } from './testing/net.ts'
import { RUNS } from './testing/runs.ts'
import { enact, nameOf, world } from './testing/worlds.ts'

const runs = { numRuns: Math.ceil(RUNS / 10) }
const own = nameOf(0)

test('I4 totals and numbers of vouchers never decrease', () => {
  fc.assert(
    fc.property(world, (about) => {
      const { net } = enact(about)
      net.run()
      const last = new Map<string, { seq: bigint; total: bigint }>()
      for (const { node, effect } of net.all('keep')) {
        if (effect.record.kind !== 'sent' && effect.record.kind !== 'received') continue
        const { edgeId, seq, total } = effect.record.voucher.body
        const key = `${node} ${effect.record.kind} ${edgeId}`
        const before = last.get(key) ?? { seq: 0n, total: 0n }
        // One that was received is kept again with what was charged of it.
        const isNew = effect.record.kind === 'received' ? seq >= before.seq : seq > before.seq
        expect(isNew && total >= before.total).toBe(true)
        last.set(key, { seq, total })
      }
      expect(last.size).toBeGreaterThan(0)
    }),
    runs,
  )
})

test('I9 every request ends in exactly one response or proof, by its hard deadline', () => {
  fc.assert(
    fc.property(world, (about) => {
      const { net, soft } = enact(about)
      net.run()
      const outcomes = net.outcomes(own)
      expect(outcomes.length).toBe(1)
      expect(['response', 'broken']).toContain(outcomes[0]!.outcome.kind)
      expect(outcomes[0]!.at).toBeLessThanOrEqual(soft + about.hold)
      for (const { machine, isDown } of net.members.values()) if (!isDown) expect(machine.inflight).toBe(0)
    }),
    runs,
  )
})

test('I10 over honest nodes, the first signal comes by τ + Δ + g', () => {
  fc.assert(
    fc.property(world, (about) => {
      const honest = { ...about, silent: null, lateRate: about.lateRate + 1n }
      const { net, soft } = enact(honest)
      net.run()
      const signals = [...net.outcomes(own), ...net.all('late').filter(({ node }) => node === own)]
      const first = Math.min(...signals.map(({ at }) => at))
      expect(first).toBeLessThanOrEqual(soft + about.sync[0]! + about.guard)
    }),
    runs,
  )
})

test('I11 what a requester is paid for waiting is ρ times its lateness, within one settlement', () => {
  fc.assert(
    fc.property(world, (about) => {
      const { net, soft } = enact({ ...about, silent: null })
      net.run()
      const [end] = net.outcomes(own)
      const paid = net.all('late').reduce((sum, { effect }) => sum + effect.amount, 0n)
      const late = BigInt(Math.max(0, end!.at - soft)) * about.lateRate
      const step = BigInt(about.sync[0]!) * about.lateRate
      expect(paid <= late + step && paid >= late - step).toBe(true)
    }),
    runs,
  )
})

test('I12 one silent node among honest ones costs exactly one edge per request', () => {
  fc.assert(
    fc.property(world, (about) => {
      const { net } = enact(about)
      net.run()
      const isBroken = net.outcomes(own)[0]!.outcome.kind === 'broken'
      const cut = [...net.edges.values()].filter(({ status }) => status === 'severed')
      expect(cut.length).toBe(isBroken ? 1 : 0)
      if (!isBroken) return
      const { silent } = about
      expect(silent).not.toBeNull()
      // The edge is the silent node’s own.
      expect([cut[0]!.u, cut[0]!.v]).toContain(nameOf(silent!.node))
    }),
    runs,
  )
})

test('I12 holds where the silent node had acknowledged and everyone waits to the last', () => {
  const patient = world.map((about) => ({
    ...about,
    policies: about.policies.map(() => 'wait' as const),
    answersIn: 60_000,
    service: 50_000,
  }))
  fc.assert(
    fc.property(patient, fc.nat(4_000), (about, after) => {
      const { net } = enact({ ...about, silent: { node: about.latencies.length, after } })
      net.run()
      const severed = new Set(net.all('submit').map(({ effect }) => effect.cert.body.edgeId))
      expect(severed).toEqual(new Set([BigInt(about.latencies.length)]))
      expect(net.outcomes(own)[0]!.outcome).toMatchObject({ kind: 'broken', edgeId: BigInt(about.latencies.length) })
    }),
    runs,
  )
})

test('I14 every proof that an honest node takes is carried out', () => {
  fc.assert(
    fc.property(world, (about) => {
      const { net } = enact(about)
      net.run()
      const shown = net
        .all('outcome')
        .flatMap(({ effect: { outcome } }) => (outcome.kind === 'broken' ? outcome.edgeId : []))
      for (const id of shown) expect(net.edges.get(id)!.status).toBe('severed')
      for (const { node } of net.all('outcome')) {
        const takers = net.all('submit').filter((submit) => submit.node === node)
        const isByCert = net.outcomes(node).some(({ outcome }) => outcome.kind === 'broken' && outcome.cert !== null)
        expect(takers.length).toBe(isByCert ? 1 : 0)
      }
    }),
    runs,
  )
})

/** Runs a request in which one byte of one message is changed on its way, and says whether any was. */
function tampered(which: number, where: number, mask: number, isLate: boolean): { net: Net; changed: Message | null } {
  const net = new Net([{ ends: ['n0', 'n1'] }, { ends: ['n1', 'n2'] }])
  net.service = (_, payload) => [payload, isLate ? 1_500 : 0]
  let count = 0
  let changed: Message | null = null
  net.wire = (message, _from, _to, latency) => {
    if (count++ !== which) return [message, latency]
    const bytes = encodeMessage(message)
    bytes[where % bytes.length]! ^= mask
    try {
      changed = decodeMessage(bytes)
      return [changed, latency]
    } catch {
      return null
    }
  }
  net.ask('n0', 'n2', [1n, 2n])
  net.run()
  return { net, changed }
}

const tampering = fc.tuple(fc.nat(9), fc.nat(2_000), fc.integer({ min: 1, max: 255 }), fc.boolean())

test('I16 a response that is taken is signed over the very request and bytes', () => {
  fc.assert(
    fc.property(tampering, ([which, where, mask, isLate]) => {
      const { net } = tampered(which, where, mask, isLate)
      for (const { effect } of net.all('outcome')) {
        if (effect.outcome.kind !== 'response') continue
        const { response, payload } = effect.outcome
        requireSigned(porResponse, response, CHAIN, net.members.get('n2')!.signer.publicKey, cheapVerify)
        expect(toHex(response.body.requestHash)).toBe(toHex(effect.requestHash))
        expect(new TextDecoder().decode(payload)).toBe(response.body.status === 0 ? 'hello' : '')
      }
    }),
    runs,
  )
})

test('I17 a changed byte in any message is taken up as no other request, voucher, response or cut', () => {
  fc.assert(
    fc.property(tampering, ([which, where, mask, isLate]) => {
      const { net } = tampered(which, where, mask, isLate)
      const asked = new Set(net.all('outcome').map(({ effect }) => toHex(effect.requestHash)))
      const signed = new Set<string>()
      const cuts = new Set<string>()
      for (const { node, effect } of net.all('keep')) {
        const { record } = effect
        if (record.kind === 'sent')
          signed.add(`${node} ${toHex(record.voucher.signature)} ${record.voucher.body.total}`)
        if (record.kind === 'accepted') expect(asked).toContain(toHex(requestHash(record.request.body)))
        if (record.kind === 'cut') cuts.add(toHex(record.cert.signature))
        if (record.kind !== 'received') continue
        const edge = net.edges.get(record.voucher.body.edgeId)!
        const payer = edge.u === node ? edge.v : edge.u
        expect(signed).toContain(`${payer} ${toHex(record.voucher.signature)} ${record.voucher.body.total}`)
      }
      // Nobody but its endpoint makes a cut (I15).
      for (const { node, effect } of net.all('submit')) {
        expect(cuts).toContain(toHex(effect.cert.signature))
        const maker = net
          .all('note')
          .find(({ effect: { note } }) => note.what === 'severed' && note.edgeId === effect.cert.body.edgeId)
        expect([node, maker?.node]).toEqual([node, expect.any(String)])
      }
      expect(net.outcomes('n0').length).toBe(1)
    }),
    runs,
  )
})
