import type { Check, Environment, Policy } from '@dcml/attestation'
import { type Judgement, judge, recognise, servicePolicy } from '@dcml/attestation/services'
import { parseReceipts, type ReceiptRecord, verifyReceiptRecord } from '@dcml/client/browser'
import { DcmlError, parseReceipt, toHex } from '@dcml/protocol'
import { type Dropped, has, type Material, readJson, sortFiles } from './files.ts'

/** One of several machines that evidence speaks of. */
export interface Part {
  readonly name: string
  readonly checks: readonly Check[]
  readonly facts: Readonly<Record<string, string>>
}

/** What the page shows of one judged thing. */
export interface Sheet {
  /** Name of the file. */
  readonly name: string
  readonly title: string
  readonly verdict: Judgement['verdict']
  /** Whether a simulator made it. */
  readonly development: boolean
  /** Whether it was judged by roots that were dropped, and not by the pinned ones. */
  readonly ownRoots: boolean
  readonly parts: readonly Part[]
  readonly warnings: readonly string[]
  readonly notProven: readonly string[]
}

/**
 * Judges every file that is not a policy, a root or collateral for the others.
 * @throws DcmlError `not_recognised`, `nothing_to_judge`, and those of `sortFiles`
 */
export async function judgeFiles(files: readonly Dropped[], now: Date): Promise<Sheet[]> {
  const material = sortFiles(files)
  if (material.subjects.length === 0)
    throw new DcmlError('nothing_to_judge', 'There is a policy, a root or collateral, and nothing to judge by it.', {
      hint: 'Drop the evidence together with them.',
    })
  const sheets = await Promise.all(material.subjects.map((subject) => judgeSubject(subject, material, now)))
  return sheets.flat()
}

async function judgeSubject(subject: Dropped, material: Material, now: Date): Promise<Sheet[]> {
  const { name, bytes } = subject
  const text = new TextDecoder().decode(bytes)
  if (isReceipts(text))
    return Promise.all(parseReceipts(text).map((record, index) => judgeReceipt(name, index + 1, record, material, now)))
  const recognised = recognise(bytes)
  if (recognised === undefined)
    throw new DcmlError('not_recognised', `${name} is nothing that this page can judge.`, {
      hint: 'It reads evidence and receipts of DCML, and attestation of NEAR AI Cloud, dstack, Tinfoil and NVIDIA.',
    })
  const { roots, collateral } = material
  const judged = await inItsEnvironment(material.policy ?? servicePolicy, (policy) =>
    judge(recognised, {
      now,
      policy,
      ...(roots.length > 0 && { roots }),
      ...(collateral && { collateral: [collateral] }),
    }),
  )
  return [
    {
      name,
      title: judged.service,
      verdict: judged.verdict,
      development: judged.environment === 'development',
      ownRoots: roots.length > 0,
      parts: judged.parts,
      warnings: judged.warnings.map(({ text }) => text),
      notProven: judged.notProven,
    },
  ]
}

// a receipt is about a model, whatever computed it
const { gpu: _, ...receiptPolicy } = servicePolicy

/**
 * Development evidence is judged by a development policy, so that its other faults are seen; the page marks it loudly. It
 * takes a development root to get here, and that is only ever dropped on purpose.
 */
async function inItsEnvironment<T extends { readonly environment: Environment | undefined }>(
  policy: Policy,
  verify: (policy: Policy) => Promise<T>,
): Promise<T> {
  const result = await verify(policy)
  return result.environment === 'development' ? verify({ ...policy, environment: 'development' }) : result
}

/** A file of receipts is JSON lines, each with the hash of the evidence behind it. */
const isReceipts = (text: string): boolean => has(readJson(text.slice(0, text.indexOf('\n'))), 'evidenceH')

async function judgeReceipt(
  name: string,
  number: number,
  record: ReceiptRecord,
  { policy, roots }: Material,
  now: Date,
): Promise<Sheet> {
  const { ok, checks, environment, warnings } = await inItsEnvironment(policy ?? receiptPolicy, (chosen) =>
    verifyReceiptRecord(record, { policy: chosen, now, ...(roots.length > 0 && { roots }) }),
  )
  return {
    name: `${name}, receipt ${number}`,
    title: 'DCML receipt',
    verdict: ok ? 'holds' : 'refused',
    development: environment === 'development',
    ownRoots: roots.length > 0,
    parts: [{ name: 'receipt', checks, facts: factsOf(record) }],
    warnings: warnings.map(({ text }) => text),
    notProven: [
      'That the answer is true, or that the model is a good one: only which model, which request and which answer.',
      'That its number was used once, and that the evidence was fresh on the connection: the client saw that, this file cannot show it.',
      ...(policy === undefined
        ? [
            'That an image you know wrote this: drop a policy that names the image manifests and boot images you accept.',
          ]
        : []),
    ],
  }
}

function factsOf({ receipt: text, endpoint }: ReceiptRecord): Part['facts'] {
  try {
    const { modelH, imageH, promptTokens, completionTokens, time } = parseReceipt(text).receipt
    return {
      modelH: toHex(modelH),
      imageH: toHex(imageH),
      tokens: `${promptTokens} read, ${completionTokens} written`,
      time: new Date(Number(time)).toISOString(),
      'endpoint, which nobody signed': endpoint,
    }
  } catch {
    return { 'endpoint, which nobody signed': endpoint } // the check receipt_format tells why
  }
}
