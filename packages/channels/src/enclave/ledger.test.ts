import { type SignedVoucher, sharesOf, signApproval, signVoucher, toHex, verifyApproval } from '@dcml/protocol'
import { expect, test } from 'vitest'
import {
  alice,
  bytes,
  chain,
  closeStart,
  codeOf,
  HOUR,
  mallory,
  NOW,
  newLedger,
  opening,
  openLedger,
  prices,
  proven,
  session,
  tokens,
  told,
  topUp,
} from '../../test/world.ts'
import { readOpened } from '../facts.ts'

const voucher = (authorised: bigint, signer = alice, channelId = 1n, on = chain): Promise<SignedVoucher> =>
  signVoucher(on, { channelId, authorised }, signer)

test('a channel is opened, paid step by step, and ends with an approval that the contract takes', async () => {
  const { ledger } = await openLedger()
  // 10 prompt tokens cost 30, a completion token 8
  expect(await ledger.reserve(1n, 'a', tokens(10, 4))).toEqual({
    demand: {
      channelId: 1n,
      deposited: 1000n,
      authorised: 0n,
      spent: 0n,
      reserved: 0n,
      required: 38n,
      exhausted: false,
    },
  })
  await ledger.acceptVoucher(await voucher(50n))
  expect(await ledger.reserve(1n, 'a', tokens(10, 4))).toEqual({ granted: tokens(10, 2) })
  ledger.deliver(1n, 'a', tokens(10, 1))
  ledger.deliver(1n, 'a', tokens(0, 1))
  expect(await ledger.reserve(1n, 'a', tokens(0, 2))).toMatchObject({ demand: { spent: 46n, required: 54n } })
  await ledger.acceptVoucher(await voucher(100n))
  expect(await ledger.reserve(1n, 'a', tokens(0, 2))).toEqual({ granted: tokens(0, 2) })
  ledger.deliver(1n, 'a', tokens(0, 1))
  expect(await ledger.release(1n, 'a')).toMatchObject({ delivered: tokens(10, 3), spent: 54n, sequence: 1n })
  expect(ledger.amounts(1n)).toEqual({ deposited: 1000n, authorised: 100n, spent: 54n, settled: null })

  const approval = await ledger.requestClosure(1n)
  expect(approval.spent).toBe(sharesOf(prices, tokens(10, 3)).spent)
  const { terms } = readOpened({ contractId: chain.contract, ...opening().event }, chain)
  await verifyApproval(await signApproval(chain, approval, session), terms)
  expect(await codeOf(() => ledger.reserve(1n, 'b', tokens(1, 1)))).toBe('channel_ended')
  expect(await codeOf(() => ledger.establish(opening(), 0n))).toBe('channel_ended')
})

test('an approval is the same whoever asks, how often, and after a restart', async () => {
  const { ledger, again } = await openLedger()
  const [first, second] = await Promise.all([ledger.requestClosure(1n), ledger.requestClosure(1n)])
  expect(first.counter).toBe(3n)
  expect(second).toEqual(first)
  expect(await ledger.answerClosure(closeStart())).toEqual(first)
  expect(await (await again()).requestClosure(1n)).toEqual(first)
})

test('an opening is taken up only with every fact right', async () => {
  const other = toHex(bytes(0x55))
  const refused: [object, string][] = [
    [{ session_key: other }, 'channel_not_ours'],
    [{ provider: 'mallory.test' }, 'channel_not_ours'],
    [{ model_h: other }, 'channel_not_ours'],
    [{ key_epoch: '1' }, 'channel_not_ours'],
    [{ challenge: other }, 'channel_challenge_unknown'],
    [{ expires_at: `${NOW * 1e6}` }, 'channel_expired'],
    [{ channel_id: '0' }, 'channel_event_invalid'],
    [{ deposited: '-1' }, 'channel_event_invalid'],
    [{ deposited: `${1n << 128n}` }, 'channel_event_invalid'],
    [{ payer_key: other.slice(2) }, 'channel_event_invalid'],
  ]
  const ledger = await newLedger()
  ledger.challenge(bytes(7))
  for (const [change, code] of refused)
    expect(await codeOf(() => ledger.establish(opening(change), 0n)), code).toBe(code)
  const elsewhere = proven('channel_opened', opening().event.data as object, 'other.test')
  expect(await codeOf(() => ledger.establish(elsewhere, 0n))).toBe('channel_event_foreign')
  expect(await codeOf(() => ledger.establish(topUp(5n), 0n))).toBe('channel_event_foreign')
  expect(await codeOf(() => ledger.establish(opening(), 0n))).toBe('none')
})

test('a challenge opens one channel, once, and not for ever', async () => {
  let now = NOW
  const ledger = await newLedger({ clock: () => now, maxChallenges: 2, challengeLifetimeMs: HOUR })
  ledger.challenge(bytes(7))
  await ledger.establish(opening(), 0n)
  expect(await codeOf(() => ledger.establish(opening(), 0n))).toBe('none')
  expect(await codeOf(() => ledger.establish(opening({ channel_id: '2' }), 0n))).toBe('channel_challenge_unknown')
  const second = opening({ channel_id: '2', challenge: toHex(bytes(8)) })
  ledger.challenge(bytes(8))
  now += HOUR
  expect(await codeOf(() => ledger.establish(second, 0n))).toBe('channel_challenge_unknown')
})

test('strangers who ask for challenges keep nobody from opening: the oldest gives way', async () => {
  const ledger = await newLedger({ maxChallenges: 3 })
  const known = (id: number) => opening({ channel_id: `${id}`, challenge: toHex(bytes(id)) })
  for (const id of [7, 8, 9, 10]) ledger.challenge(bytes(id))
  expect(await codeOf(() => ledger.establish(known(7), 0n))).toBe('channel_challenge_unknown')
  for (const id of [8, 9, 10]) expect(await codeOf(() => ledger.establish(known(id), 0n))).toBe('none')
})

test('a ledger that is full opens nothing more, and goes on with what it has', async () => {
  const ledger = await newLedger({ maxChannels: 10 })
  const known = (id: number) => ({ channel_id: `${id}`, challenge: toHex(bytes(10 + id)) })
  const open = (id: number) => {
    ledger.challenge(bytes(10 + id))
    return ledger.establish(opening(known(id)), 0n)
  }
  for (let id = 1; id < 10; id++) await open(id)
  expect(await codeOf(() => open(10))).toBe('channels_full')
  // room for a closure that somebody forces, of a channel that was never taken up
  expect((await ledger.answerClosure(closeStart(known(11)))).spent).toBe(0n)
  expect(await codeOf(() => ledger.answerClosure(closeStart(known(12))))).toBe('channels_full')
  await ledger.acceptVoucher(await voucher(500n))
  expect(await ledger.reserve(1n, 'a', tokens(0, 1))).toEqual({ granted: tokens(0, 1) })
  expect((await ledger.requestClosure(1n)).channelId).toBe(1n)
  const closed = (id: number) => proven('channel_closed', { channel_id: `${id}`, spent: '0', to_payer: '0' })
  for (const id of [1, 11]) await ledger.forget(closed(id))
  expect(await codeOf(() => open(10))).toBe('none')
  expect((await ledger.answerClosure(closeStart(known(12)))).spent).toBe(0n)
})

test('vouchers that are stale, forged, too high or of another channel are refused and change nothing', async () => {
  const { ledger } = await openLedger()
  await ledger.acceptVoucher(await voucher(60n))
  const before = ledger.amounts(1n)
  const refused: [Promise<SignedVoucher>, string][] = [
    [voucher(59n), 'voucher_stale'],
    [voucher(1001n), 'voucher_beyond_deposit'],
    [voucher(70n, mallory), 'voucher_foreign'],
    [voucher(70n, { publicKey: alice.publicKey, sign: mallory.sign }), 'voucher_forged'],
    [voucher(70n, alice, 1n, { ...chain, networkId: 'mainnet' }), 'voucher_foreign'],
    [voucher(70n, alice, 1n, { ...chain, contract: 'other.test' }), 'voucher_foreign'],
    [voucher(70n, alice, 2n), 'channel_unknown'],
  ]
  for (const [signed, code] of refused) expect(await codeOf(async () => ledger.acceptVoucher(await signed))).toBe(code)
  expect(ledger.amounts(1n)).toEqual(before)
  expect(await ledger.acceptVoucher(await voucher(60n))).toEqual(before)
  await ledger.topUp(topUp(1001n))
  await ledger.topUp(topUp(900n))
  expect(await ledger.acceptVoucher(await voucher(1001n))).toMatchObject({ deposited: 1001n, authorised: 1001n })
})

test('vouchers that overtake each other are all taken, and the best one counts', async () => {
  const { ledger } = await openLedger()
  const signed = await Promise.all([300n, 100n, 200n].map((amount) => voucher(amount)))
  await Promise.all(signed.map((each) => ledger.acceptVoucher(each)))
  expect(ledger.amounts(1n).authorised).toBe(300n)
})

test('a voucher of one channel does not pay for another with the same key', async () => {
  const { ledger } = await openLedger()
  ledger.challenge(bytes(8))
  await ledger.establish(opening({ channel_id: '2', challenge: toHex(bytes(8)) }), 0n)
  const { voucher: text, signature } = await voucher(500n, alice, 1n)
  const moved = { voucher: { ...text, channelId: 2n }, signature }
  expect(await codeOf(() => ledger.acceptVoucher(moved))).toBe('voucher_forged')
  expect(ledger.amounts(2n).authorised).toBe(0n)
})

test('a token that was not reserved is not counted, so it must not be sent', async () => {
  const { ledger } = await openLedger()
  await ledger.acceptVoucher(await voucher(100n))
  await ledger.reserve(1n, 'a', tokens(10, 3))
  for (const [request, count] of [
    ['a', tokens(11, 0)],
    ['a', tokens(0, 4)],
    ['a', tokens(0, -1)],
    ['b', tokens(0, 1)],
  ] as const)
    expect(await codeOf(() => ledger.deliver(1n, request, count))).toBe('channel_not_reserved')
  ledger.deliver(1n, 'a', tokens(10, 3))
  expect(await codeOf(() => ledger.deliver(1n, 'a', tokens(0, 1)))).toBe('channel_not_reserved')
})

test('two requests cannot be promised the same money', async () => {
  const { ledger } = await openLedger()
  await ledger.acceptVoucher(await voucher(50n))
  const both = await Promise.all([ledger.reserve(1n, 'a', tokens(10, 1)), ledger.reserve(1n, 'b', tokens(10, 1))])
  expect(both).toMatchObject([{ granted: tokens(10, 1) }, { demand: { reserved: 38n, required: 76n } }])
})

test('a deposit that is used up says so', async () => {
  const { ledger } = await openLedger()
  await ledger.acceptVoucher(await voucher(1000n))
  expect(await ledger.reserve(1n, 'a', tokens(400, 1))).toMatchObject({ demand: { required: 1208n, exhausted: true } })
})

test('the host of a channel that was never taken up keeps its lock', async () => {
  const ledger = await newLedger()
  const junk = { challenge: toHex(bytes(0x66)) }
  expect(await ledger.answerClosure(closeStart(junk))).toMatchObject({
    channelId: 1n,
    spent: 0n,
    challenge: bytes(0x66),
  })
  // what was approved at 0 cannot be used afterwards
  ledger.challenge(bytes(7))
  expect(await codeOf(() => ledger.establish(opening(), 0n))).toBe('channel_ended')
  expect(await codeOf(() => ledger.answerClosure(closeStart({ channel_id: '2', session_key: toHex(bytes(5)) })))).toBe(
    'channel_not_ours',
  )
  expect(await codeOf(() => ledger.requestClosure(3n))).toBe('channel_unknown')
  expect(await ledger.requestClosure(4n, opening({ channel_id: '4' }))).toMatchObject({ spent: 0n })
  expect(await codeOf(() => ledger.requestClosure(5n, opening({ channel_id: '6' })))).toBe('channel_not_ours')
})

test('a channel told again is approved at 0 where it was never taken up, and opens nothing', async () => {
  const ledger = await newLedger()
  ledger.challenge(bytes(7))
  expect(await codeOf(() => ledger.establish(told(), 0n))).toBe('channel_event_foreign')
  for (const deed of [() => ledger.topUp(told()), () => ledger.answerClosure(told()), () => ledger.forget(told())])
    expect(await codeOf(deed)).toBe('channel_event_foreign')
  const refused: [object, string][] = [
    [{ channel_id: '2' }, 'channel_not_ours'],
    [{ session_key: toHex(bytes(5)) }, 'channel_not_ours'],
    [{ payer_key: '' }, 'channel_event_invalid'],
  ]
  for (const [change, code] of refused) expect(await codeOf(() => ledger.requestClosure(1n, told(change)))).toBe(code)
  const elsewhere = proven('channel_told', told().event.data as object, 'other.test')
  expect(await codeOf(() => ledger.requestClosure(1n, elsewhere))).toBe('channel_event_foreign')
  // topped up since, which changes nothing of an approval of 0
  const approval = await ledger.requestClosure(1n, told({ deposited: '2000' }))
  expect(approval).toMatchObject({ channelId: 1n, challenge: bytes(7), ...tokens(0, 0), spent: 0n })
  expect(await ledger.requestClosure(1n, told({ deposited: '3000' }))).toEqual(approval)
  expect(await codeOf(() => ledger.establish(opening(), 0n))).toBe('channel_ended')
})

test('told of a channel that it has taken up, the enclave approves what was delivered', async () => {
  const { ledger, again } = await openLedger()
  await ledger.acceptVoucher(await voucher(1000n))
  await ledger.reserve(1n, 'a', tokens(10, 3))
  ledger.deliver(1n, 'a', tokens(10, 3))
  const approval = await ledger.requestClosure(1n, told({ deposited: '2000' }))
  expect(approval.spent).toBe(54n)
  expect(await ledger.requestClosure(1n, told())).toEqual(approval)
  expect(await (await again()).requestClosure(1n, told())).toEqual(approval)
})

test("stolen-session: another provider that admits this enclave's key gets no service, and nobody loses a lock", async () => {
  const ledger = await newLedger()
  ledger.challenge(bytes(7))
  const provider = 'mallory.test'
  expect(await codeOf(() => ledger.establish(opening({ provider }), 0n))).toBe('channel_not_ours')
  expect(await ledger.answerClosure(closeStart({ provider }))).toMatchObject({ channelId: 1n, spent: 0n })
})

test('closing ends a stream under way: what was delivered counts, the rest is never sent', async () => {
  const { ledger } = await openLedger()
  await ledger.acceptVoucher(await voucher(100n))
  await ledger.reserve(1n, 'a', tokens(10, 5))
  ledger.deliver(1n, 'a', tokens(10, 1))
  expect(await ledger.answerClosure(closeStart())).toMatchObject({ ...tokens(10, 1), spent: 38n })
  expect(await codeOf(() => ledger.deliver(1n, 'a', tokens(0, 1)))).toBe('channel_ended')
})

test('a channel that the chain has closed is forgotten, and cannot be opened again', async () => {
  const { ledger } = await openLedger()
  const end = { channel_id: '1', provider: 'bob.test', cause: 'unanswered', to_owner: '1000', to_payer: '1001' }
  await ledger.forget(proven('channel_forfeited', end))
  expect(await codeOf(() => ledger.amounts(1n))).toBe('channel_unknown')
  expect(await codeOf(() => ledger.establish(opening(), 0n))).toBe('channel_challenge_unknown')
})

test('an expired channel is served no more', async () => {
  let now = NOW
  const { ledger } = await openLedger({ clock: () => now })
  await ledger.acceptVoucher(await voucher(100n))
  now += 24 * HOUR
  expect(await codeOf(() => ledger.reserve(1n, 'a', tokens(1, 1)))).toBe('channel_expired')
  expect(await ledger.requestClosure(1n)).toMatchObject({ spent: 0n })
})
