// What no service's evidence proves today, in the words that every judgement uses.
import type { JudgeOptions } from './judgement.ts'
import { servicePolicy } from './policy.ts'

export const BOUND_TO_KEY =
  'That nobody sits between: the evidence names a TLS key, not this session. Whoever holds that key can relay (CVE-2026-33697).'

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
