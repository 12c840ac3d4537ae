import { createHash, type KeyObject } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, open, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { DcmlError, toHex } from '@dcml/protocol'
import { generateModelKey, type ModelMeta, publicKeyOf } from '@dcml/weights'
import { sealModel, signModel, type WorkOptions } from '@dcml/weights/node'
import { type ModelCard, parseModelCard } from './card.ts'
import { readKeyFile, writeKeyFile } from './key-file.ts'

export interface PublishOptions extends WorkOptions {
  /** A model file, or a folder with all its files. */
  readonly source: string
  /** Folder to publish; made where there is none. */
  readonly out: string
  /** Name of the model for people, at most 128 characters. */
  readonly name: string
  /** Key file of the model; a new key is made where there is no such file. Keep it out of `out`. */
  readonly keyFile: string
  readonly meta?: Omit<ModelMeta, 'contract'>
  /** Account of the model's NEAR contract, bound into the key wraps. */
  readonly contract?: string
  /** Further X25519 public keys that may open the container, 32 bytes each. */
  readonly recipients?: readonly Uint8Array[]
  /** P-256 private key for an OpenSSF model-signing bundle (PEM or KeyObject). Left out: no bundle. */
  readonly signingKey?: KeyObject | string
}

export interface PublishedModel {
  readonly card: ModelCard
  readonly modelH: Uint8Array
  readonly files: { readonly card: string; readonly container: string; readonly signature?: string }
}

const CONTAINER = 'model.dcmw'
const CARD = 'model.json'
const SIGNATURE = 'model.sig'

/**
 * Seals a model and lays out what can be published (paper §3, §4): container, card and, with a signing key, an OpenSSF
 * model-signing bundle. The card is written last, so a folder with a card is whole. An interrupted call goes on where
 * it stopped when it is made again with the same arguments.
 * @throws DcmlError those of `sealModel`, `readKeyFile`, `writeKeyFile` and `signModel`, `model_card_malformed` where the
 * name cannot be used, `publish_failed`
 */
export async function publishModel(options: PublishOptions): Promise<PublishedModel> {
  const { source, out, name, keyFile, meta, contract, recipients = [], signingKey, ...work } = options
  await mkdir(out, { recursive: true }).catch(rethrow)
  const sk = await ownKey(keyFile)
  try {
    const pk = publicKeyOf(sk)
    const container = join(out, CONTAINER)
    const all = [pk, ...recipients]
    const sealed = await sealModel({ source, out: container, recipients: all, meta, contract, resume: { sk }, ...work })
    const card = parseModelCard({
      v: 1,
      name,
      modelH: toHex(sealed.modelH),
      pk: toHex(pk),
      container: { file: CONTAINER, ...(await digest(container, work.signal)) },
      files: sealed.manifest.files,
      meta: sealed.header.meta,
      ...(signingKey && { signature: SIGNATURE }),
    })
    const signature = signingKey && signModel({ manifest: sealed.manifest, key: signingKey, name })
    if (signature) await writeWhole(join(out, SIGNATURE), `${JSON.stringify(signature)}\n`)
    await writeWhole(join(out, CARD), `${JSON.stringify(card, null, 2)}\n`)
    const files = { card: join(out, CARD), container, ...(signature && { signature: join(out, SIGNATURE) }) }
    return { card, modelH: sealed.modelH, files }
  } finally {
    sk.fill(0)
  }
}

/** The key is on disk before anything is sealed to it. */
async function ownKey(path: string): Promise<Uint8Array> {
  try {
    return await readKeyFile(path)
  } catch (error) {
    if (!DcmlError.isInstance(error) || error.code !== 'key_file_not_found') throw error
    const { sk } = generateModelKey()
    await writeKeyFile(path, sk)
    return sk
  }
}

async function digest(path: string, signal: AbortSignal | undefined): Promise<{ size: number; sha256: string }> {
  const hash = createHash('sha256')
  let size = 0
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>) {
    signal?.throwIfAborted()
    hash.update(chunk)
    size += chunk.length
  }
  return { size, sha256: hash.digest('hex') }
}

/** A reader sees the old file or the new one, never half of it. */
async function writeWhole(path: string, text: string): Promise<void> {
  const draft = `${path}.partial`
  try {
    const file = await open(draft, 'w', 0o644)
    try {
      await file.writeFile(text)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(draft, path)
  } catch (cause) {
    rethrow(cause as NodeJS.ErrnoException)
  }
}

function rethrow(cause: NodeJS.ErrnoException): never {
  throw new DcmlError('publish_failed', `The folder to publish cannot be written (${cause.code ?? cause.name}).`, {
    hint: 'See that the folder can be written and its disk has room.',
    cause,
  })
}
