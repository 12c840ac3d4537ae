// From a challenge to an open channel (paper §6, steps 2 to 4). Nothing is deposited before the enclave, the contract and
// the host were found to belong together, and nothing before it is kept what was asked for.
import type { Attested } from '@dcml/attestation'
import type { ChallengeAnswer, OpeningWanted } from '@dcml/channels'
import { equalBytes, type Prices, toHex } from '@dcml/protocol'
import { perform } from './calls.ts'
import { createChannelKey, readChannelKey } from './key.ts'
import { type OpenOptions, policyOf } from './options.ts'
import { Purse } from './purse.ts'
import { refusal } from './refusal.ts'
import type { ChannelStore } from './store.ts'
import type { ChannelWallet, ModelTerms, ProviderTerms } from './wallet.ts'

/** A challenge, and the verified evidence of the enclave that gave it. */
export interface Invitation {
  readonly answer: ChallengeAnswer
  readonly attested: Pick<Attested, 'claims' | 'manifest'>
  /** Where the enclave's light client stands, where it cannot be asked later. */
  readonly lightClient: string | null
}

/**
 * Opens a channel and keeps it. The store must not hold one that is still open.
 * @throws DcmlError `payment_not_offered`, `payment_enclave_mismatch`, `payment_provider_unfit`, `payment_price_above_limit`,
 * `payment_period_above_limit`, `payment_challenge_expired`, `payment_policy_invalid`, `channel_store_failed`: nothing was
 * paid; `channel_opening_wrong`, and those of the wallet
 */
export async function openChannel(
  { answer, attested, lightClient }: Invitation,
  options: OpenOptions & { readonly store: ChannelStore },
  { clock, modelH }: { clock: () => number; modelH: readonly string[] | undefined },
): Promise<Purse> {
  const { wallet, provider, deposit, store } = options
  const policy = policyOf(options)
  if (deposit <= 0n) throw refusal('payment_policy_invalid', 'Nothing is deposited.', 'Give a deposit in yoctoNEAR.')
  const terms = await wallet.terms()
  requireOffer({ answer, attested, lightClient }, wallet, terms, modelH)
  requirePeriod(terms, options)
  if (answer.validUntil <= clock())
    throw refusal('payment_challenge_expired', 'The challenge has expired.', 'Ask the enclave for another.')
  const shown = await shownPrices(answer, terms, options)
  const key = await createChannelKey()
  const signer = await readChannelKey(key)
  const { challenge, sessionKey } = answer
  const asked = { provider, challenge, sessionKey, payerKey: signer.publicKey, deposit, maxPrices: shown }
  const wanted: OpeningWanted = {
    chain: wallet.chain,
    payer: wallet.account,
    host: provider,
    challenge,
    sessionKey,
    payerKey: signer.publicKey,
    modelH: terms.modelH,
    maxPrices: shown,
    deposit,
  }
  const record = { wanted, policy, payer: null, call: null, unproven: [], lightClient, gone: false }
  const purse = new Purse(record, signer, { store, clock })
  await store.saveKey(key)
  await purse.change((now) => now)
  await perform(purse, 'open', (hooks) => wallet.open(asked, hooks))
  return purse
}

/** The image, the enclave, the contract and the account's chain are one and the same payment. */
function requireOffer(
  { answer, attested }: Invitation,
  { chain }: ChannelWallet,
  terms: ModelTerms,
  accepted: readonly string[] | undefined,
): void {
  const { claims, manifest } = attested
  const { network, trustRoot, models } = manifest
  if (network === undefined || trustRoot === undefined)
    throw refusal(
      'payment_not_offered',
      'The verified image takes no payment: it names no contract and no light client root.',
      'Ask it without paying, or ask another host.',
    )
  const named = toHex(answer.modelH)
  const wrong = [
    network.networkId === chain.networkId && network.contract === chain.contract ? '' : 'contract of the image',
    answer.networkId === chain.networkId && answer.contract === chain.contract ? '' : 'contract of the challenge',
    equalBytes(answer.sessionKey, claims.sessionKey) ? '' : 'session key',
    equalBytes(answer.modelH, terms.modelH) ? '' : 'model of the contract',
    models.includes(named) ? '' : 'model of the image',
    accepted === undefined || accepted.includes(named) ? '' : 'model of the policy',
    answer.keyEpoch === terms.keyEpoch ? '' : 'key epoch',
    terms.imageHs.some((imageH) => equalBytes(imageH, claims.imageH)) ? '' : 'image, which the owner does not accept',
  ].filter((name) => name !== '')
  if (wrong.length > 0)
    throw refusal(
      'payment_enclave_mismatch',
      `The enclave and the contract do not belong together: ${wrong.join(', ')}.`,
      'Nothing was paid. Check host and contract.',
      { wrong: wrong.join(', ') },
    )
}

const LONGEST_PERIOD_MS = 7 * 86_400_000

/** With audited code, too, the owner chose it: a hundred years would shut the deposit in for good. */
function requirePeriod(
  { challengePeriodMs }: ModelTerms,
  { maxChallengePeriodMs = LONGEST_PERIOD_MS }: OpenOptions,
): void {
  if (challengePeriodMs <= maxChallengePeriodMs) return
  throw refusal(
    'payment_period_above_limit',
    `A forced closure takes ${challengePeriodMs} ms here, more than ${maxChallengePeriodMs}.`,
    'Raise maxChallengePeriodMs, or use another model: so long a silent host keeps the deposit shut.',
    { period: `${challengePeriodMs}`, limit: `${maxChallengePeriodMs}` },
  )
}

/** Prices as the contract shows them; with them the opening cannot become dearer. */
async function shownPrices(
  { sessionKey }: ChallengeAnswer,
  terms: ModelTerms,
  { wallet, provider, deposit, maxPrices }: OpenOptions,
): Promise<Prices> {
  const host: ProviderTerms | null = await wallet.provider(provider)
  const unfit =
    host === null
      ? 'it is not registered at the contract'
      : host.free < deposit
        ? `of its collateral ${host.free} yoctoNEAR are free, less than the deposit`
        : (await wallet.session(provider, sessionKey))
          ? undefined
          : 'it does not answer for this enclave: its session key was not admitted'
  if (host === null || unfit !== undefined)
    throw refusal(
      'payment_provider_unfit',
      `No channel can be opened with ${provider}: ${unfit}.`,
      'Ask another host.',
      {
        provider,
      },
    )
  const { ownerInput, ownerOutput } = terms
  const { hostInput, hostOutput } = host
  const shown: Prices = { ownerInput, ownerOutput, hostInput, hostOutput }
  for (const name of Object.keys(shown) as (keyof Prices)[])
    if (maxPrices !== undefined && shown[name] > maxPrices[name])
      throw refusal(
        'payment_price_above_limit',
        `The price ${name} is ${shown[name]} yoctoNEAR per token, above ${maxPrices[name]}.`,
        'Raise maxPrices, or ask another host.',
        { name, price: shown[name], limit: maxPrices[name] },
      )
  return shown
}
