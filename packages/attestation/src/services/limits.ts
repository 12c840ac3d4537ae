// What no service's evidence proves today, in the words that every judgement uses.
import { serverSpkiH } from './connection.ts'
import type { JudgeOptions, ServiceWarning } from './judgement.ts'
import { servicePolicy } from './policy.ts'

/** What evidence that names a TLS key, or none, does not say about the connection. */
export const unboundSession = ({ connection }: JudgeOptions): string =>
  serverSpkiH(connection)
    ? 'That nobody sits between: the evidence names a TLS key, not this session (CVE-2026-33697).'
    : OLD_OR_RELAYED

/** The warning where a connection is tied to evidence by its TLS key. */
export const keyBinding = ({ connection }: JudgeOptions): ServiceWarning[] =>
  serverSpkiH(connection)
    ? [{ code: 'key_binding', text: 'Bound to the TLS key alone: whoever holds that key can relay (CVE-2026-33697).' }]
    : []

export const OLD_OR_RELAYED =
  'That this machine is the one you talk to, or that it still runs: evidence from a file is tied to no connection.'

/** Where the policy names no images, anything could have been booted. */
export const unknownImages = ({ policy = servicePolicy }: JudgeOptions): string[] =>
  policy.images === 'any'
    ? ['What was booted: the policy names no boot images, so the measurements were compared with nothing known.']
    : []

/** @param tie how CPU and GPU are tied, after "CPU and GPU" */
export const gpuLimits = (hasGpu: boolean, tie: string): string[] =>
  hasGpu
    ? [
        `That the GPUs are in this machine: CPU and GPU ${tie}, and a genuine GPU elsewhere can answer for it.`,
        'That NVIDIA has not revoked the GPUs: nothing about that came along.',
      ]
    : ['Anything about a GPU: there is no evidence of one.']
