import { type Policy, parsePolicy, type TdxCollateral } from '@dcml/attestation'
import { DcmlError } from '@dcml/protocol'

/** A file as it was dropped. */
export interface Dropped {
  readonly name: string
  readonly bytes: Uint8Array
}

/** What was dropped together, by the part it plays in the judgement. */
export interface Material {
  /** What is to be judged. */
  readonly subjects: readonly Dropped[]
  /** Roots to trust instead of the pinned ones, PEM. */
  readonly roots: readonly string[]
  readonly policy?: Policy
  /** Intel's collateral for a quote that came without. */
  readonly collateral?: TdxCollateral
}

/** More than any evidence: eight GPUs come to some 2 MB. */
const MAX_FILE = 16 * 1024 * 1024

/**
 * Sorts files by what they say they are: a PEM certificate is a root, JSON with members of a policy is one, and so on.
 * @throws DcmlError `file_too_large`, `policy_invalid`, `policy_twice`
 */
export function sortFiles(files: readonly Dropped[]): Material {
  const subjects: Dropped[] = []
  const roots: string[] = []
  const policies: Policy[] = []
  let collateral: TdxCollateral | undefined
  for (const file of files) {
    if (file.bytes.length > MAX_FILE)
      throw new DcmlError('file_too_large', `${file.name} has ${file.bytes.length} bytes.`, {
        hint: `Nothing that can be judged here is larger than ${MAX_FILE}.`,
      })
    const text = new TextDecoder().decode(file.bytes)
    const json = readJson(text)
    if (text.trimStart().startsWith('-----BEGIN CERTIFICATE-----')) roots.push(text)
    else if (has(json, 'tcb_info', 'qe_identity'))
      collateral = json as unknown as TdxCollateral // judged by the verifier, field by field
    else if (has(json, 'imageH') || has(json, 'environment')) policies.push(parsePolicy(json))
    else subjects.push(file)
  }
  if (policies.length > 1)
    throw new DcmlError('policy_twice', 'More than one policy was dropped.', { hint: 'Drop the one to judge by.' })
  const [policy] = policies
  return { subjects, roots, ...(policy && { policy }), ...(collateral !== undefined && { collateral }) }
}

export function readJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

export const has = (json: unknown, ...members: string[]): json is Readonly<Record<string, unknown>> =>
  typeof json === 'object' && json !== null && members.every((member) => Object.hasOwn(json, member))
