import { readFile } from 'node:fs/promises'
import { DcmlError } from '@dcml/protocol'
import * as v from 'valibot'

const hex32 = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/, 'not 64 hex digits'))
const size = v.pipe(v.number(), v.safeInteger(), v.minValue(0))
const fileName = v.pipe(v.string(), v.regex(/^[^/\\]+$/, 'not a plain file name'))
const optionalText = v.exactOptional(v.string())

const schema = v.strictObject({
  v: v.literal(1),
  name: v.pipe(v.string(), v.minLength(1), v.maxLength(128)),
  modelH: hex32,
  pk: hex32,
  container: v.strictObject({ file: fileName, size, sha256: hex32 }),
  files: v.array(v.strictObject({ path: v.string(), size, sha256: hex32 })),
  meta: v.strictObject({
    arch: optionalText,
    trainer: optionalText,
    rawH: v.exactOptional(hex32),
    license: optionalText,
    contract: optionalText,
  }),
  signature: v.exactOptional(fileName),
})

/** What a publisher says in public about a sealed model. Nothing here is secret, and nothing is true because it says so. */
export interface ModelCard {
  readonly v: 1
  readonly name: string
  /** Identity of the model, hex; what policies and receipts name. */
  readonly modelH: string
  /** X25519 public key that the container is sealed to, hex. */
  readonly pk: string
  /** The sealed file beside the card, with its size in bytes and SHA-256 (hex), to check a download. */
  readonly container: { readonly file: string; readonly size: number; readonly sha256: string }
  /** The plaintext files, with sizes in bytes and SHA-256 (hex). */
  readonly files: readonly { readonly path: string; readonly size: number; readonly sha256: string }[]
  readonly meta: {
    readonly arch?: string
    readonly trainer?: string
    readonly rawH?: string
    readonly license?: string
    readonly contract?: string
  }
  /** File of the OpenSSF model-signing bundle beside the card, where there is one. */
  readonly signature?: string
}

/** Reads a card from parsed JSON. @throws DcmlError `model_card_malformed` */
export function parseModelCard(json: unknown): ModelCard {
  const parsed = v.safeParse(schema, json)
  if (parsed.success) return parsed.output
  const issue = parsed.issues[0]
  throw malformed(`${v.getDotPath(issue) ?? 'card'}: ${issue.message}`)
}

/** Reads a card from its file. @throws DcmlError `model_card_not_found`, `model_card_malformed` */
export async function readModelCard(path: string): Promise<ModelCard> {
  const text = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new DcmlError('model_card_not_found', `${path} cannot be read (${cause.code ?? cause.name}).`, {
      hint: 'Give the path of the model.json that was published beside the container.',
      details: { path },
    })
  })
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    throw malformed('it is not JSON')
  }
  return parseModelCard(json)
}

const malformed = (why: string): DcmlError =>
  new DcmlError('model_card_malformed', `The model card cannot be read: ${why}.`, {
    hint: 'Publish the model again, or get an unchanged copy of its card.',
  })
