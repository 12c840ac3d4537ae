import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type Policy, parseWorkloadManifest, type TeeBackend } from '@dcml/attestation'
import { parseTrustRoot } from '@dcml/light-client'
import { anchorRelay } from '@dcml/near'
import { DcmlError } from '@dcml/protocol'
import { type AntiRollbackDevice, chainDevice, memoryDevice, quorumDevice, tpm2Device, tpmDevice } from '@dcml/runtime'
import type { Logger } from 'pino'
import { connect, readAccount, type SignerFlags } from './near-flags.ts'
import { parseAddress, portNumber } from './options.ts'

/** What a device may need of the runtime that it is for. */
export interface DeviceContext {
  readonly tee: TeeBackend
  readonly manifest: Uint8Array
  /** Whom a quorum consists of. */
  readonly peers: { readonly policy: Policy; readonly roots?: readonly string[] }
  /** Folder of the sealed state; the device's own file lies in it. */
  readonly state: string
  readonly host: string
  readonly log: Logger
  /** Who carries marks to the chain, and where that is. */
  readonly near: SignerFlags
}

export const DEVICES =
  'tpm2[:PATH], quorum:PORT,HOST:PORT,HOST:PORT,HOST:PORT… or chain; in development also memory or simulator:FILE'

/** Variable of the image manifest that names the account of the anchor contract: so it is measured with the workload. */
const ANCHOR = 'DCML_ANCHOR'

/**
 * Opens the device that `--anti-rollback` names (paper §6.1).
 * @throws DcmlError `anti_rollback_unknown`, `address_invalid`, `sealing_unsupported`, `anchor_missing`, and those of the
 * device
 */
export async function openDevice(text: string, context: DeviceContext): Promise<AntiRollbackDevice> {
  const [kind = '', given] = text.split(/:(.*)/s)
  if (kind === 'memory' && given === undefined) return memoryDevice()
  if (kind === 'simulator' && given) return (await import('@dcml/tee-simulator')).simulatedChip(given)
  if (kind === 'chain' && given !== undefined) throw unknown(text)
  if (kind !== 'tpm2' && kind !== 'quorum' && kind !== 'chain') throw unknown(text)
  const { tee, state } = context
  if (tee.sealingKey === undefined)
    throw new DcmlError('sealing_unsupported', `The TEE ${tee.name} has no key that state could be sealed with.`, {
      hint: 'Use one that has, such as dstack.',
    })
  await mkdir(state, { recursive: true, mode: 0o700 })
  const [file, sealingKey] = [join(state, kind), await tee.sealingKey()]
  if (kind === 'tpm2') return tpm2Device({ transport: await tpmDevice(given || undefined), sealingKey, file })
  if (kind === 'chain') {
    const relay = anchorRelay({ near: await connect(context.near), account: readAccount(context.near) })
    return chainDevice({ relay, ...anchorOf(context.manifest), environment: tee.environment, file, sealingKey })
  }
  const [port, ...peers] = (given ?? '').split(',')
  if (!/^\d+$/.test(port!) || peers.length === 0) throw unknown(text)
  return quorumDevice({
    ...context,
    ...context.peers,
    sealingKey,
    file,
    listen: { host: context.host, port: portNumber(port!) },
    peers: peers.map(parseAddress),
  })
}

/**
 * The anchor contract that a manifest names, and where its light client starts: the host chooses neither.
 * @throws DcmlError `anchor_missing`, `manifest_malformed`, `trust_root_…`
 */
export function anchorOf(bytes: Uint8Array) {
  const manifest = parseWorkloadManifest(bytes)
  const { network, trustRoot } = manifest
  const contract = manifest.kind === 'dstack' ? manifest.anchor : manifest.env[ANCHOR]
  if (contract === undefined || network === undefined || trustRoot === undefined)
    throw new DcmlError('anchor_missing', 'The image manifest names no anchor contract.', {
      hint: `Put its account into ${ANCHOR} of a paid image, or as anchor into the member dcml of a paid app-compose file: a host that chose it could choose one that forgets.`,
    })
  return { anchor: { networkId: network.networkId, contract }, root: parseTrustRoot(trustRoot) }
}

const unknown = (text: string): DcmlError =>
  new DcmlError('anti_rollback_unknown', `"${text}" is no anti-rollback device.`, { hint: `Write ${DEVICES}.` })
