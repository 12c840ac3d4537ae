import { randomUUID } from 'node:crypto'
import { link, open, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { DcmlError, equalBytes, fromBase64url, toBase64url } from '@dcml/protocol'
import { publicKeyOf } from '@dcml/weights'
import * as v from 'valibot'

const MAX_BYTES = 4096
const key = v.pipe(v.string(), v.regex(/^[\w-]{43}$/))
const schema = v.strictObject({ v: v.literal(1), kind: v.literal('dcml-model-key'), pk: key, sk: key })

/**
 * Writes the secret key of a model to a new file that only its owner can read; an existing file is never replaced. The
 * file is there whole or not at all, whatever happens meanwhile, and on disk when this resolves.
 * @param sk X25519, 32 bytes
 * @throws DcmlError `key_file_exists`, `key_file_unwritable`, `model_key_malformed`
 */
export async function writeKeyFile(path: string, sk: Uint8Array): Promise<void> {
  const pk = toBase64url(publicKeyOf(sk))
  const text = `${JSON.stringify({ v: 1, kind: 'dcml-model-key', pk, sk: toBase64url(sk) }, null, 2)}\n`
  const folder = dirname(path)
  const draft = join(folder, `.${basename(path)}.${randomUUID()}.partial`)
  try {
    try {
      await writeNew(draft, text)
      // unlike a rename, a link does not take the place of what is there
      await link(draft, path)
    } finally {
      await rm(draft, { force: true })
    }
    await syncFolder(folder)
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    throw code === 'EEXIST' ? exists(path) : unwritable(path, cause as NodeJS.ErrnoException)
  }
}

async function writeNew(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', 0o600)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** POSIX: the name of a new file is on disk when its folder is. Windows has no such call and needs none. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
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
    hint: 'See that the folder is there, can be written, its disk has room and its file system knows hard links.',
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
