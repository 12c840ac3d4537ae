// What dstack's boot code measured into RTMR3 about the app it went on to start (Dstack-TEE/dstack, dstack-util
// system_setup.rs): system-preparing, app-id, compose-hash, instance-id, boot-mr-done, key-provider, system-ready, with
// others between (init-script-hash, gpu-policy-hash, gpu-attestation, mr-kms, os-image-hash, storage-fs). The app runs after
// system-ready and may measure what it likes, under any name.
import { Refusal } from '../x509/der.ts'
import type { DstackEvent } from './dstack.ts'

/** dstack's own events that say what was started, in the order in which they are measured, with their lengths in bytes. */
const IDENTITY = {
  'app-id': [20],
  'compose-hash': [32],
  'instance-id': [0, 20],
  'boot-mr-done': [0],
  'key-provider': undefined,
  'system-ready': [0],
} as const

type IdentityEvent = keyof typeof IDENTITY

/** Identity of a dstack app, as its boot code measured it. */
export interface DstackIdentity {
  /** 20 bytes: what keys are derived for. By default the head of `composeHash`; deployments may choose another. */
  readonly appId: Uint8Array
  /** SHA-256 of the exact bytes of app-compose.json: what MRCONFIGID and `imageH` name. */
  readonly composeHash: Uint8Array
  /** 20 bytes of this one deployment; empty where the app asked for none. */
  readonly instanceId: Uint8Array
  /** JSON text that names whom the app's keys come from. */
  readonly keyProvider: Uint8Array
  /** SHA-256 of each script that ran before the app, in order. */
  readonly initScriptHashes: readonly Uint8Array[]
  /** SHA-256 of the canonical GPU policy; undefined before dstack 0.6. */
  readonly gpuPolicyHash: Uint8Array | undefined
}

/** Whether a log of events has dstack's own, and is to be judged as such. */
export const isDstackLog = (log: readonly { imr: number; event: string }[]): boolean =>
  log.some(({ imr, event }) => imr === 3 && event === 'compose-hash')

/**
 * Reads the app's identity out of a log whose replay has led to the quoted registers. Each of the events has to be there
 * once in the whole log, in the order in which dstack measures them.
 * @throws Refusal with the reason, to become a failed check
 */
export function dstackIdentity(log: readonly DstackEvent[]): DstackIdentity {
  const events = log.filter(({ imr }) => imr === 3)
  let last = -1
  const payloads = Object.entries(IDENTITY).map(([name, lengths]) => {
    const [at, second] = events.flatMap(({ event }, i) => (event === name ? [i] : []))
    if (at === undefined || second !== undefined) throw new Refusal(`${name} is not there exactly once`)
    if (at < last) throw new Refusal(`${name} is not in dstack's order`)
    last = at
    const { payload } = events[at]!
    if (lengths && !lengths.some((length) => length === payload.length))
      throw new Refusal(`${name} has ${payload.length} bytes`)
    return [name, payload] as const
  })
  const of = (name: IdentityEvent) => payloads.find(([other]) => other === name)![1]
  // the app may measure events of these names later
  const boot = events.slice(
    0,
    events.findIndex(({ event }) => event === 'boot-mr-done'),
  )
  const measured = (name: string) => boot.filter(({ event }) => event === name).map(({ payload }) => payload)
  return {
    appId: of('app-id'),
    composeHash: of('compose-hash'),
    instanceId: of('instance-id'),
    keyProvider: of('key-provider'),
    initScriptHashes: measured('init-script-hash'),
    gpuPolicyHash: measured('gpu-policy-hash')[0],
  }
}
