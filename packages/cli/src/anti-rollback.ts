import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Policy, TeeBackend } from '@dcml/attestation'
import { DcmlError } from '@dcml/protocol'
import { type AntiRollbackDevice, memoryDevice, quorumDevice, tpm2Device, tpmDevice } from '@dcml/runtime'
import type { Logger } from 'pino'
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
}

export const DEVICES = 'memory, tpm2[:PATH] or quorum:PORT,HOST:PORT,HOST:PORT,HOST:PORT…'

/**
 * Opens the device that `--anti-rollback` names (paper §6.1).
 * @throws DcmlError `anti_rollback_unknown`, `address_invalid`, `sealing_unsupported`, and those of the device
 */
export async function openDevice(text: string, context: DeviceContext): Promise<AntiRollbackDevice> {
  const [kind, given] = text.split(/:(.*)/s)
  if (kind === 'memory' && given === undefined) return memoryDevice()
  if (kind !== 'tpm2' && kind !== 'quorum') throw unknown(text)
  const { tee, state } = context
  if (tee.sealingKey === undefined)
    throw new DcmlError('sealing_unsupported', `The TEE ${tee.name} has no key that state could be sealed with.`, {
      hint: 'Use one that has, such as dstack.',
    })
  await mkdir(state, { recursive: true, mode: 0o700 })
  const [file, sealingKey] = [join(state, kind), await tee.sealingKey()]
  if (kind === 'tpm2') return tpm2Device({ transport: await tpmDevice(given || undefined), sealingKey, file })
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

const unknown = (text: string): DcmlError =>
  new DcmlError('anti_rollback_unknown', `"${text}" is no anti-rollback device.`, { hint: `Write ${DEVICES}.` })
