import type { Environment, TeeBackend, WorkloadManifest } from '@dcml/attestation'
import { EnclaveLedger } from '@dcml/channels'
import { type LightClientState, parseTrustRoot } from '@dcml/light-client'
import { type Chain, DcmlError, fromHex } from '@dcml/protocol'
import { ed25519Verifier } from '@dcml/protocol/node'
import type { Logger } from 'pino'
import type { AntiRollbackDevice } from '../anti-rollback/device.ts'
import { openSealedState, type SealedState } from '../state/sealed-state.ts'
import { type DeskOptions, PaymentDesk } from './desk.ts'
import { type HeadFile, headFile } from './head-file.ts'
import { Heads } from './heads.ts'

/** What a paid workload has before its enclave has keys. */
export interface PaymentGround {
  readonly root: LightClientState
  readonly chain: Chain
  readonly modelH: Uint8Array
  /** Account of the host. */
  readonly host: string
  readonly sealed: SealedState
  readonly headFile: HeadFile
  readonly antiRollback: AntiRollbackDevice
  /** Lets the next process in. */
  close(): Promise<void>
}

interface GroundOptions {
  readonly manifest: Pick<WorkloadManifest, 'models' | 'network' | 'trustRoot'>
  readonly tee: TeeBackend
  readonly environment: Environment
  readonly provider: string | undefined
  readonly state: string | undefined
  readonly antiRollback: AntiRollbackDevice | undefined
  readonly log: Logger
}

/**
 * Opens what a paid workload needs to be paid (paper §6, 6.1); undefined for a workload that serves free. Nothing is
 * served for money that could be forgotten, so whatever is missing stops the start.
 * @throws DcmlError `provider_missing`, `sealing_unsupported`, `anti_rollback_missing`, `anti_rollback_refused`,
 * `state_folder_missing`, `trust_root_…`, those of opening the sealed state
 */
export async function preparePayment(options: GroundOptions): Promise<PaymentGround | undefined> {
  const { manifest, tee, environment, provider, antiRollback } = options
  const { trustRoot, network, models } = manifest
  if (trustRoot === undefined) return undefined
  // the manifest's schema promises both
  if (network === undefined || models === 'any') throw new TypeError('a paid manifest names its contract and its model')
  const root = parseTrustRoot(trustRoot)
  if (provider === undefined) throw providerMissing()
  if (options.state === undefined) throw folderMissing()
  if (antiRollback === undefined) throw deviceMissing()
  if (environment === 'production' && antiRollback.environment !== environment) throw deviceRefused(antiRollback.name)
  if (tee.sealingKey === undefined) throw sealingUnsupported(tee.name)
  const sealingKey = await tee.sealingKey()
  try {
    const sealed = await openSealedState({ folder: options.state, sealingKey, log: options.log, antiRollback })
    const heads = headFile(options.state, sealingKey, options.log)
    const close = async (): Promise<void> => {
      await heads.idle()
      await sealed.close()
      await antiRollback.close?.()
    }
    return {
      root,
      chain: network,
      modelH: fromHex(models[0]!, 32),
      host: provider,
      sealed,
      headFile: heads,
      antiRollback,
      close,
    }
  } finally {
    sealingKey.fill(0)
  }
}

/** Opens the ledger over it, once the session key is there. @throws DcmlError as `EnclaveLedger.open` */
export async function openDesk(
  { root, chain, modelH, host, sealed, headFile, antiRollback }: PaymentGround,
  options: Omit<DeskOptions, 'ledger' | 'heads' | 'chain' | 'modelH'>,
): Promise<PaymentDesk> {
  const { signer, clock } = options
  const ledger = await EnclaveLedger.open({
    identity: { chain, sessionKey: signer.publicKey, modelH, host },
    isNewSession: sealed.isNewSession,
    store: sealed.store,
    antiRollback,
    clock,
    ed25519: ed25519Verifier,
  })
  const heads = new Heads(root, { last: await headFile.read(), file: headFile })
  return new PaymentDesk({ ...options, ledger, heads, chain, modelH })
}

const providerMissing = (): DcmlError =>
  new DcmlError('provider_missing', 'A paid workload needs the account of its host.', {
    hint: 'Give provider (dcml runtime serve --provider): the account that registered at the model contract.',
  })

const deviceMissing = (): DcmlError =>
  new DcmlError('anti_rollback_missing', 'A paid workload needs a device that remembers its last state.', {
    hint: 'Give antiRollback (dcml runtime serve --anti-rollback): a TPM, a quorum of other enclaves, or the chain.',
  })

const deviceRefused = (name: string): DcmlError =>
  new DcmlError(
    'anti_rollback_refused',
    `The anti-rollback device ${name} is for development: a host can turn it back.`,
    {
      hint: 'Use a TPM, a quorum of other enclaves, or the chain.',
    },
  )

const folderMissing = (): DcmlError =>
  new DcmlError('state_folder_missing', 'A paid workload needs a folder for its sealed state.', {
    hint: 'Give state (dcml runtime serve --state): a folder on a disk that outlives the machine.',
  })

const sealingUnsupported = (name: string): DcmlError =>
  new DcmlError('sealing_unsupported', `The TEE ${name} has no key that state could be sealed with.`, {
    hint: 'Use one that has, such as dstack, or serve without payment.',
  })
