// Random lives of one channel: requests side by side, vouchers repeated and lost, receipts lost, the machine killed
// between any two of count, send, write and mark, old states offered. What is true is kept beside the parties.
import { type SignedVoucher, sharesOf, signApproval, toHex } from '@dcml/protocol'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  abandonRequest,
  beginRequest,
  closingStep,
  EnclaveLedger,
  exportPayer,
  importPayer,
  type Payer,
  pay,
  stopPaying,
  takeApproval,
  takeReceipt,
  topUpPayer,
} from '../src/index.ts'
import { memoryAntiRollback } from '../src/testing.ts'
import {
  alice,
  bytes,
  chain,
  codeOf,
  HOUR,
  hoardingStore,
  identity,
  NOW,
  newPayer,
  opening,
  prices,
  receiptOf,
  session,
  tokens,
  told,
  topUp,
} from './world.ts'

type Death = 'write' | 'written' | 'marked'
const cost = (prompt: number, completion: number): bigint => sharesOf(prices, tokens(prompt, completion)).spent

/** One host, one enclave that it may kill, one payer, and what was really sent. */
class Life {
  payer: Payer = newPayer({ perRequestLimit: 300n, step: 24n })
  vouchers: SignedVoucher[] = []
  requests: { id: string; requestH: Uint8Array; started: boolean; reserved: number }[] = []
  ledger!: EnclaveLedger
  /** yoctoNEAR of tokens that reached the payer. */
  sent = 0n
  /** Most that crashes may have charged beside. */
  crashed = 0n
  death: Death | null = null
  #made = 0
  readonly store = hoardingStore()
  readonly #device = memoryAntiRollback()

  async start(isNewSession: boolean): Promise<void> {
    const die = (at: Death): void => {
      if (this.death === at) throw new Error('killed')
    }
    const writing = (write: (written: Uint8Array) => Promise<void>) => async (written: Uint8Array) => {
      die('write')
      await write(written)
      die('written')
    }
    this.ledger = await EnclaveLedger.open({
      identity,
      isNewSession,
      clock: () => NOW,
      store: {
        read: () => this.store.read(),
        replace: writing(this.store.replace),
        append: writing(this.store.append),
      },
      antiRollback: {
        read: this.#device.read,
        advance: async (next) => {
          await this.#device.advance(next)
          die('marked')
        },
      },
    })
  }

  begin(): void {
    const requestH = bytes(++this.#made)
    this.requests.push({ id: toHex(requestH), requestH, started: false, reserved: 0 })
    this.payer = beginRequest(this.payer, requestH)
  }

  /** Reserves a step, paying for it where the limits allow. The first step carries a prompt of three tokens. */
  async step(at: number, completion: number): Promise<void> {
    const request = this.requests[at]!
    const asked = tokens(request.started ? 0 : 3, completion)
    const first = await this.ledger.reserve(1n, request.id, asked)
    let granted = 'granted' in first ? first.granted : undefined
    if ('demand' in first) {
      const code = await codeOf(async () => {
        const { payer, signed } = await pay(this.payer, alice, first.demand)
        this.payer = payer
        this.vouchers.push(signed)
      })
      expect(['none', 'payment_limit_reached', 'payment_deposit_exhausted']).toContain(code)
      if (code !== 'none') return
      await this.ledger.acceptVoucher(this.vouchers.at(-1)!)
      const second = await this.ledger.reserve(1n, request.id, asked)
      if (!('granted' in second)) throw new Error('what was demanded was paid')
      granted = second.granted
    }
    if (!request.started) {
      this.ledger.deliver(1n, request.id, tokens(3, 0))
      this.sent += cost(3, 0)
      request.started = true
    }
    request.reserved += Number(granted!.completionTokens)
  }

  send(at: number): void {
    const request = this.requests[at]!
    if (request.reserved === 0) return
    this.ledger.deliver(1n, request.id, tokens(0, 1))
    this.sent += cost(0, 1)
    request.reserved--
  }

  async finish(at: number, isHeard: boolean): Promise<void> {
    const [request] = this.requests.splice(at, 1)
    const released = await this.ledger.release(1n, request!.id)
    const { requestH } = request!
    const receipt = await receiptOf(released, requestH)
    this.payer = isHeard
      ? await takeReceipt(this.payer, receipt, { requestH, counted: released.delivered })
      : abandonRequest(this.payer, requestH)
  }

  /** Kills the machine at a point of a reservation, or with a token counted and not sent. */
  async crash(at: Death | 'counted'): Promise<void> {
    const open = this.requests.reduce((sum, { reserved }) => sum + reserved, 0)
    if (at === 'counted') {
      const request = this.requests.find(({ reserved }) => reserved > 0)
      if (request !== undefined) this.ledger.deliver(1n, request.id, tokens(0, 1))
    } else {
      this.begin()
      this.death = at
      const last = await codeOf(() => this.ledger.reserve(1n, this.requests.at(-1)!.id, tokens(0, 2)))
      expect(['none', 'channel_state_unsure']).toContain(last)
      this.death = null
      this.crashed += at === 'marked' && last !== 'none' ? cost(0, 2) : 0n
    }
    this.crashed += cost(0, open)
    for (const { requestH } of this.requests) this.payer = abandonRequest(this.payer, requestH)
    this.requests = []
    await this.start(false)
  }

  check(): void {
    const amounts = this.ledger.amounts(1n)
    expect(amounts.spent >= this.sent, 'every token that left is counted').toBe(true)
    expect(amounts.spent <= this.sent + this.crashed, 'and none that did not, but for crashes').toBe(true)
    expect(amounts.spent <= amounts.authorised && amounts.authorised <= this.payer.authorised).toBe(true)
    expect(this.payer.authorised <= this.payer.deposited).toBe(true)
    expect(this.payer.spent <= amounts.spent, 'the payer believes no more than is so').toBe(true)
  }
}

type Act = (life: Life) => unknown
const pick = fc.nat({ max: 3 })
const onRequest = (act: (life: Life, at: number) => unknown): fc.Arbitrary<Act> =>
  pick.map((n) => (life) => (life.requests.length === 0 ? undefined : act(life, n % life.requests.length)))
const acts: fc.Arbitrary<Act> = fc.oneof(
  { weight: 3, arbitrary: fc.constant<Act>((life) => life.requests.length < 3 && life.begin()) },
  { weight: 6, arbitrary: fc.nat({ max: 6 }).chain((n) => onRequest((life, at) => life.step(at, n))) },
  { weight: 8, arbitrary: onRequest((life, at) => life.send(at)) },
  { weight: 3, arbitrary: fc.boolean().chain((heard) => onRequest((life, at) => life.finish(at, heard))) },
  {
    weight: 2,
    arbitrary: fc.nat().map<Act>((n) => async ({ vouchers, ledger }) => {
      if (vouchers.length === 0) return
      const replayed = await codeOf(() => ledger.acceptVoucher(vouchers[n % vouchers.length]!))
      expect(['none', 'voucher_stale']).toContain(replayed)
    }),
  },
  {
    weight: 2,
    arbitrary: fc
      .constantFrom('write', 'written', 'marked', 'counted')
      .map<Act>((at) => (life) => life.crash(at as Death)),
  },
  {
    weight: 1,
    arbitrary: fc.nat().map<Act>((n) => async (life) => {
      const old = life.store.states[n % (life.store.states.length - 1)]!
      life.store.offered = [old]
      const code = await codeOf(() => life.start(false))
      life.store.offered = null
      // the last state written may be one that was never marked, so that an older one is the last that counts
      if (code === 'none') await life.crash('counted')
      else expect(code).toBe('channel_state_rolled_back')
    }),
  },
  {
    weight: 1,
    arbitrary: fc.constant<Act>(async (life) => {
      const deposited = life.payer.deposited + 50n
      life.payer = topUpPayer(life.payer, { channelId: 1n, deposited })
      await life.ledger.topUp(topUp(deposited))
    }),
  },
  { weight: 1, arbitrary: fc.constant<Act>((life) => (life.payer = importPayer(exportPayer(life.payer)))) },
)

/** What is brought with a request to close, which makes no difference to a channel that was taken up. */
const brought = fc.constantFrom(undefined, opening(), told({ deposited: '5000' }))
const shown = fc.tuple(brought, brought)

test('honest parties agree to the yocto whatever breaks, nothing is given away, and the channel ends', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(acts, { minLength: 5, maxLength: 60 }), shown, async (plan, [first, again]) => {
      const life = new Life()
      await life.start(true)
      life.ledger.challenge(bytes(7))
      await life.ledger.establish(opening(), 0n)
      for (const act of plan) {
        await act(life)
        life.check()
      }
      const { spent } = life.ledger.amounts(1n)
      const approval = await life.ledger.requestClosure(1n, first)
      expect(approval.spent).toBe(spent)
      const payer = await takeApproval(stopPaying(life.payer, NOW), await signApproval(chain, approval, session))
      expect(closingStep(payer, NOW, HOUR).act).toBe('submit-approval')
      await life.start(false)
      expect(await life.ledger.requestClosure(1n, again)).toEqual(approval)
    }),
    { numRuns: 150 },
  )
})
