import { development, type Policy, parsePolicy } from '@dcml/attestation'
import { DcmlError } from '@dcml/protocol'
import { readBytes, readJson } from './options.ts'

/** The flags that say whom to believe. */
export interface TrustFlags {
  policy?: string
  development?: boolean
  root?: string[]
  imageH?: string[]
  modelH?: string
}

export interface Trust {
  policy: Policy
  roots?: string[]
}

/**
 * Makes a policy from a file, or for a simulated TEE from flags: `--image-h` alone would trust the host's own word,
 * because only a measured boot image makes MRCONFIGID mean anything. The simulator's root enters here and nowhere
 * else, and only where `--development` was given.
 * @throws DcmlError `policy_missing`, `policy_invalid`, `file_unreadable`, `json_invalid`
 */
export async function resolveTrust(flags: TrustFlags, purpose: 'client' | 'key-release'): Promise<Trust> {
  const roots = flags.root?.map((path) => new TextDecoder().decode(readBytes(path)))
  if (flags.policy !== undefined) {
    const policy = readPolicy(flags.policy, flags)
    return { policy, ...(await rootsOf(policy, roots)) }
  }
  if (flags.development !== true || flags.imageH === undefined)
    throw new DcmlError('policy_missing', 'Nothing says which workload to accept.', {
      hint: 'Give --policy FILE. For a simulated TEE, --development --image-h HEX of the image manifest is enough.',
    })
  const policy = development({
    imageH: flags.imageH,
    ...(flags.modelH !== undefined && { modelH: [flags.modelH] }),
    ...(purpose === 'key-release' && { binding: 'session-quoted', maxAgeSeconds: 60 }),
  })
  return { policy, ...(await rootsOf(policy, roots)) }
}

/**
 * Reads a policy file. What flags ask for beside it is asked for as well: they take from it, and never add to it.
 * @throws DcmlError `policy_development` where it accepts simulated TEEs and `--development` was not given;
 * `policy_invalid`, `file_unreadable`, `json_invalid`
 */
export function readPolicy(path: string, { development: simulated, ...asked }: TrustFlags): Policy {
  const policy = narrowed(parsePolicy(readJson(path)), asked)
  if (policy.environment === 'development' && simulated !== true)
    throw new DcmlError('policy_development', 'The policy file accepts simulated TEEs.', {
      hint: 'Say --development as well, so that nobody does so by accident.',
    })
  return policy
}

function narrowed(policy: Policy, { imageH, modelH }: Pick<TrustFlags, 'imageH' | 'modelH'>): Policy {
  const among = (asked: readonly string[], accepted: readonly string[] | 'any' | undefined): string[] =>
    asked.filter((hash) => accepted === undefined || accepted === 'any' || accepted.includes(hash))
  return {
    ...policy,
    ...(imageH && { imageH: among(imageH, policy.imageH) }),
    ...(modelH !== undefined && { modelH: among([modelH], policy.modelH) }),
  }
}

async function rootsOf(policy: Policy, roots: string[] | undefined): Promise<{ roots?: string[] }> {
  if (roots !== undefined) return { roots }
  if (policy.environment === 'production') return {}
  return { roots: [await simulatorRoot()] }
}

/** The root of simulated TEEs, PEM, for where `--development` was given. */
export async function simulatorRoot(): Promise<string> {
  const { createSimulator } = await import('@dcml/tee-simulator')
  return (await createSimulator()).rootPem
}
