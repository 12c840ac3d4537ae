// Against vouchers, approvals and the enclave's memory. An act is good when the attack is refused by what is meant to.
import { randomBytes } from 'node:crypto'
import { cp, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { closeArguments, PAYMENT_CALLS, VOUCHER_HEADER } from '@dcml/channels'
import { modelProvider, modelWallet } from '@dcml/near/model'
import {
  formatApproval,
  formatVoucher,
  fromHex,
  parseAmount,
  sharesOf,
  signApproval,
  signVoucher,
} from '@dcml/protocol'
import { accountIn, ask, channelSigner, expectRefused, expectThrown, freshSigner } from './attacker.ts'
import { openChannel } from './money.ts'
import { accountOf } from './near.ts'
import { type Act, must, ready, type Story, serve, trust } from './story.ts'

const readChannel = async (story: Story, file: string) =>
  JSON.parse(await readFile(join(await story.stage.folder('alice'), file), 'utf8')) as {
    payer: { terms: { channelId: string; challenge: string }; closing: { approval: string } }
  }

const chainOf = ({ chain: { networkId, contract } }: Story) => ({ networkId, contract })

export const moneyAttacks: readonly Act[] = [
  {
    name: 'replayed-voucher',
    async play(story) {
      // a channel of its own: the client notices what was signed beside it
      await openChannel(story, 'vouchers.json')
      const { payer } = await readChannel(story, 'vouchers.json')
      const signer = await channelSigner(story, 'alice', 'vouchers.json')
      const voucher = async (authorised: string) => {
        const fields = { channelId: BigInt(payer.terms.channelId), authorised: parseAmount(authorised) }
        return formatVoucher(await signVoucher(chainOf(story), fields, signer))
      }
      const first = await voucher('0.01 NEAR')
      for (const text of [first, await voucher('0.02 NEAR')]) {
        const { status } = await ask(story, story.b, PAYMENT_CALLS.acceptVoucher, { voucher: text })
        if (status !== 200) throw new Error(`a good voucher was answered with ${status}`)
      }
      const question = { prompt: 'Once more', max_tokens: 8 }
      expectRefused(
        await ask(story, story.b, '/v1/completions', question, { [VOUCHER_HEADER]: first }),
        'voucher_stale',
      )
      const elsewhere = { ...chainOf(story), contract: accountOf('bob') }
      const foreign = await signVoucher(
        elsewhere,
        { channelId: BigInt(payer.terms.channelId), authorised: parseAmount('0.03 NEAR') },
        signer,
      )
      const moved = { [VOUCHER_HEADER]: formatVoucher(foreign) }
      expectRefused(await ask(story, story.b, '/v1/completions', question, moved), 'voucher_foreign')
      return 'a voucher that a better one has replaced buys nothing, nor does one for another contract'
    },
  },
  {
    name: 'replayed-approval',
    async play(story) {
      const { near, contract } = story.chain
      const wallet = modelWallet({ near, account: await accountIn(story, 'bob'), contract })
      const { payer } = await readChannel(story, 'channel.json')
      const approval = closeArguments(payer.closing.approval)
      await expectThrown(() => wallet.close(approval), /no open channel 1/)
      const second = await readChannel(story, 'second.json')
      const moved = { ...approval, channel_id: BigInt(second.payer.terms.channelId) }
      await expectThrown(() => wallet.close(moved), /for another challenge/)
      const challenge = fromHex(second.payer.terms.challenge, 32)
      await expectThrown(() => wallet.close({ ...moved, challenge }), /signature is not/)
      return 'the approval of channel 1 is no good a second time, nor for channel 2: its signature names channel and challenge'
    },
  },
  {
    name: 'overdraw',
    async play(story) {
      const { near, contract } = story.chain
      const account = await accountIn(story, 'bob')
      const [wallet, host] = [modelWallet({ near, account, contract }), modelProvider({ near, account, contract })]
      // an enclave that Bob broke signs whatever he likes
      const [broken, payer] = [freshSigner(), freshSigner()]
      await host.admit(broken.publicKey)
      const { ownerInput, ownerOutput } = await wallet.terms()
      const offer = (await wallet.provider(account.accountId))!
      const prices = { ownerInput, ownerOutput, hostInput: offer.hostInput, hostOutput: offer.hostOutput }
      const challenge = Uint8Array.from(randomBytes(32))
      const deposit = parseAmount('0.01 NEAR')
      const asked = { provider: account.accountId, challenge, sessionKey: broken.publicKey, payerKey: payer.publicKey }
      const { events } = await wallet.open({ ...asked, deposit, maxPrices: prices })
      const channelId = BigInt((events[0]!.data as { channel_id: string }).channel_id)
      const tokens = { promptTokens: 0n, completionTokens: 1_000n }
      const facts = { channelId, challenge, ...tokens, spent: sharesOf(prices, tokens).spent, counter: 1n }
      const text = formatApproval(await signApproval(chainOf(story), facts, broken))
      await expectThrown(() => wallet.close(closeArguments(text)), /deposit/i)
      return 'an enclave that Bob broke approves 15 times the deposit: the contract never pays one channel from another'
    },
  },
  {
    name: 'snapshot-restore',
    async play(story) {
      const { stage, modelH, c } = story
      const [state, old] = [join(story.b.folder, 'state'), join(story.b.folder, 'old-state')]
      const serveB = serve('host-b')
      await cp(state, old, { recursive: true })
      const chat = ['chat', 'Tell me more', '--endpoint', `https://${story.b.address}`, '--model-h', modelH,
        '--channel', 'second.json', '--max-tokens', '32', ...trust(story)] // biome-ignore format: one flag after the other
      must(await stage.run('alice', chat))
      await story.b.stop()
      const newest = join(story.b.folder, 'newest-state')
      await cp(state, newest, { recursive: true })
      await rm(state, { recursive: true })
      await cp(old, state, { recursive: true })
      const { code, json } = await stage.run('host-b', serveB)
      const refused = (json.error as { code: string } | undefined)?.code
      if (code === 0 || refused !== 'channel_state_rolled_back') throw new Error(`the restored enclave said ${refused}`)
      await rm(state, { recursive: true })
      await cp(newest, state, { recursive: true })
      story.b = await stage.host('host-b', serveB)
      const key = ['runtime', 'request-sk', c.address, '--to', story.b.address, '--model-h', modelH, ...trust(story)]
      must(await stage.run('host-b', key))
      await ready(story.b)
      return 'B’s disk from before Alice’s last answer: the enclave finds a counter that is further, and does not start; from the newest it goes on'
    },
  },
]
