// One attempt at one task. What fails throws, and comes again after a while.
import { type Bundle, closeArguments, firstLeg, type Place, type WatchedChannel } from '@dcml/channels'
import type { LightClientState } from '@dcml/light-client'
import { fetchLogProof, type NearAccount, type NearEvent, tgas } from '@dcml/near'
import { model } from '@dcml/near/model'
import { type Chain, DcmlError, parseApproval, verifyApproval } from '@dcml/protocol'
import { type Enclave, enclaveAt } from './enclave.ts'
import type { Eye } from './eye.ts'
import type { Times } from './options.ts'

export interface Means {
  readonly chain: Chain
  readonly eyes: readonly Eye[]
  readonly account: NearAccount
  readonly enclaves: Readonly<Record<string, string>>
  readonly times: Times
  /** Unix ms. */
  readonly clock: () => number
  readonly signal: AbortSignal
}

/** Three times what the dearest of these calls takes with all it leads to; what is not used comes back. */
const GAS = tgas(30)

/** Brings the enclave the proof of a close. @returns the approval, which the contract would take */
export async function askEnclave(means: Means, eye: Eye, channel: WatchedChannel, place: Place): Promise<string> {
  const enclave = await enclaveOf(means, eye, channel.host)
  const bundle = await proofFor(means, eye, enclave, place, isAbout(channel.channelId, ['close_started']))
  const approval = await enclave.answerClosure(bundle)
  // a wrong one would cost the gas of a call that the contract refuses
  await verifyApproval(parseApproval(approval), channel.terms)
  return approval
}

/** @returns false where no node knows the channel any more: somebody else was first */
export const submitAnswer = (means: Means, eye: Eye, channelId: bigint, approval: string): Promise<boolean> =>
  callOpen(means, eye, channelId, (contract, options) => contract.answer_close(closeArguments(approval), options))

/** Starts the close of a channel past its time, or finishes one that nobody answered. @returns as {@link submitAnswer} */
export const endChannel = (
  means: Means,
  eye: Eye,
  method: 'expire' | 'finish_close',
  channelId: bigint,
): Promise<boolean> =>
  callOpen(means, eye, channelId, (contract, options) => contract[method]({ channel_id: channelId }, options))

/** A channel after its last event. */
export interface Ended {
  readonly channelId: bigint
  readonly host: string
  readonly place: Place
}

/** Proves to the enclave that a channel ended, so that it need not remember its approval. */
export async function forgetChannel(means: Means, eye: Eye, ended: Ended): Promise<void> {
  const enclave = await enclaveOf(means, eye, ended.host)
  const wanted = isAbout(ended.channelId, ['channel_closed', 'channel_forfeited'])
  await enclave.forget(await proofFor(means, eye, enclave, ended.place, wanted))
}

const isAbout =
  (channelId: bigint, names: readonly string[]) =>
  ({ event, data }: NearEvent): boolean =>
    names.includes(event) && (data as { channel_id?: unknown } | null)?.channel_id === `${channelId}`

async function proofFor(
  { chain, times, signal }: Means,
  { near }: Eye,
  enclave: Enclave,
  { receiptId }: Place,
  wanted: (event: NearEvent) => boolean,
): Promise<Bundle> {
  const fetched = async (state: LightClientState): Promise<Bundle> => {
    const asked = { contractId: chain.contract, receiptId, wanted, state, patienceMs: times.answerMs, signal }
    const { blocks, proof } = await fetchLogProof(near, asked)
    return { from: state.headHash, blocks: [...blocks], proof }
  }
  let bundle = await fetched(await enclave.lightClient())
  for (;;) {
    const leg = firstLeg(bundle)
    if (leg === undefined) return bundle
    // it slept for many epochs, one block each
    await enclave.follow(leg)
    const state = await enclave.lightClient()
    if (state.headHash === leg.from) throw stuck()
    bundle = await fetched(state)
  }
}

const stuck = (): DcmlError =>
  new DcmlError('enclave_refused', 'The light client of the enclave stays where it is.', {
    hint: 'Look at its log.',
    retryable: true,
  })

/** @throws DcmlError `enclave_unknown` where the provider names no https endpoint and the options none at all */
async function enclaveOf({ chain, enclaves, times, signal }: Means, eye: Eye, host: string): Promise<Enclave> {
  const limits = { timeoutMs: times.answerMs, signal }
  const own = enclaves[host]
  if (own !== undefined) return enclaveAt(own, { ...limits, isPublic: false })
  const registered = (await model(eye.near, chain.contract).provider({ account: host }, { signal }))?.endpoint
  const url = registered === undefined ? null : URL.parse(registered)
  if (url?.protocol === 'https:') return enclaveAt(url.origin, { ...limits, isPublic: true })
  throw new DcmlError('enclave_unknown', `${host} registered no https endpoint.`, {
    hint: 'Name the enclave in the options of the watcher.',
    retryable: true,
  })
}

/** What a node says of a channel that has ended. */
const GONE = Symbol('gone')

type Call = (
  contract: ReturnType<typeof model>,
  options: { account: NearAccount; gas: bigint; signal: AbortSignal },
) => Promise<unknown>

/** Calls the contract about a channel, unless every node says that it is gone: a call too late costs gas for nothing. */
async function callOpen(means: Means, eye: Eye, channelId: bigint, call: Call): Promise<boolean> {
  const { chain, eyes, account, signal } = means
  const sees = async ({ near }: Eye): Promise<void> => {
    const channel = await model(near, chain.contract).channel({ channel_id: channelId }, { signal })
    if (channel === null) throw GONE
  }
  try {
    // the first that sees it: one that hangs must not use up the time
    await Promise.any(eyes.map(sees))
  } catch (error) {
    if ((error as AggregateError).errors.every((each) => each === GONE)) return false
  }
  await eye.credit.pay(() => call(model(eye.near, chain.contract), { account, gas: GAS, signal }), means.clock)
  return true
}
