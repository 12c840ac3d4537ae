import { open } from 'node:fs/promises'
import { DcmlError, equalBytes, fromBase64url, toBase64url } from '@dcml/protocol'
import { publicKeyOf } from '@dcml/weights'
import * as v from 'valibot'

const MAX_BYTES = 4096
const key = v.pipe(v.string(), v.regex(/^[\w-]{43}$/))
const schema = v.strictObject({ v: v.literal(1), kind: v.literal('dcml-model-key'), pk: key, sk: key })

/**
 * Writes the secret key of a model to a new file that only its owner can read; an existing file is never replaced.
 * @param sk X25519, 32 bytes
 * @throws DcmlError `key_file_exists`, `key_file_unwritable`, `model_key_malformed`
 */
export async function writeKeyFile(path: string, sk: Uint8Array): Promise<void> {
  const pk = toBase64url(publicKeyOf(sk))
  const text = `${JSON.stringify({ v: 1, kind: 'dcml-model-key', pk, sk: toBase64url(sk) }, null, 2)}\n`
  const file = await open(path, 'wx', 0o600).catch((cause: NodeJS.ErrnoException) => {
    throw cause.code === 'EEXIST' ? exists(path) : unwritable(path, cause)
  })
  try {
    await file.writeFile(text)
    await file.sync()
  } catch (cause) {
    throw unwritable(path, cause as NodeJS.ErrnoException)
  } finally {
    await file.close()
  }
}

/**
 * Reads the secret key of a model. On POSIX the file must be readable by its owner alone.
 * @returns sk, 32 bytes
 * @throws DcmlError `key_file_not_found`, `key_file_unreadable`, `key_file_exposed`, `key_file_malformed`
 */
export async function readKeyFile(path: string): Promise<Uint8Array> {
  const file = await open(path, 'r').catch((cause: NodeJS.ErrnoException) => {
    throw cause.code === 'ENOENT' ? notFound(path) : unreadable(path, cause)
  })
  try {
    const status = await file.stat()
    if (!status.isFile() || status.size > MAX_BYTES) throw malformed(path)
    // Windows has no such bits; there the folder's access list decides
    if (process.platform !== 'win32' && (status.mode & 0o077) !== 0) throw exposed(path, status.mode)
    return readKey(await file.readFile('utf8'), path)
  } finally {
    await file.close()
  }
}

function readKey(text: string, path: string): Uint8Array {
  try {
    const { pk, sk } = v.parse(schema, JSON.parse(text))
    const secret = fromBase64url(sk)
    if (equalBytes(publicKeyOf(secret), fromBase64url(pk))) return secret
  } catch {
    // what failed may quote the key: it is neither shown nor kept as a cause
  }
  throw malformed(path)
}

const exists = (path: string): DcmlError =>
  new DcmlError('key_file_exists', `${path} is there already.`, {
    hint: 'A key that is overwritten is lost with every model sealed to it. Choose another path.',
    details: { path },
  })

const unwritable = (path: string, cause: NodeJS.ErrnoException): DcmlError =>
  new DcmlError('key_file_unwritable', `${path} cannot be written (${cause.code ?? cause.name}).`, {
    hint: 'See that the folder is there, can be written, and its disk has room.',
    details: { path },
  })

const notFound = (path: string): DcmlError =>
  new DcmlError('key_file_not_found', `There is no ${path}.`, {
    hint: 'Give the path of a key file; `dcml model keygen` makes one.',
    details: { path },
  })

const unreadable = (path: string, cause: NodeJS.ErrnoException): DcmlError =>
  new DcmlError('key_file_unreadable', `${path} cannot be read (${cause.code ?? cause.name}).`, {
    hint: 'See that this user may read the file.',
    details: { path },
  })

const exposed = (path: string, mode: number): DcmlError =>
  new DcmlError('key_file_exposed', `${path} can be read by others (mode ${(mode & 0o777).toString(8)}).`, {
    hint: `Run: chmod 600 ${path}. If others may have read it, seal the model to a new key.`,
    details: { path },
  })

const malformed = (path: string): DcmlError =>
  new DcmlError('key_file_malformed', `${path} is not a key file of a model.`, {
    hint: 'Give a file that `dcml model keygen` wrote, unchanged.',
    details: { path },
  })
