// The file that a node's key lies in: one line of hex, for its owner only.
import { randomBytes } from 'node:crypto'
import { statSync, writeFileSync } from 'node:fs'
import { nodeKeys } from '@dcml/por/node'
import { DcmlError, fromHex, toHex } from '@dcml/protocol'
import { readBytes } from '../options.ts'

/** Makes a key where there is no file yet. @returns the public key @throws DcmlError `file_exists` */
export function writeNodeKey(path: string): Uint8Array {
  const seed = Uint8Array.from(randomBytes(32))
  try {
    writeFileSync(path, `${toHex(seed)}\n`, { mode: 0o600, flag: 'wx' })
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause
    throw new DcmlError('file_exists', `${path} is there already.`, {
      hint: 'A node keeps its key for as long as it is registered. Name another file.',
      cause,
    })
  }
  return nodeKeys(seed).signer.publicKey
}

/** The seed. @throws DcmlError `file_unreadable`, `node_key_exposed`, `node_key_invalid` */
export function readNodeKey(path: string): Uint8Array {
  const text = new TextDecoder().decode(readBytes(path)).trim()
  if (process.platform !== 'win32' && (statSync(path).mode & 0o077) !== 0)
    throw new DcmlError('node_key_exposed', `${path} can be read by others.`, {
      hint: `Run: chmod 600 ${path}. If others may have read it, register the node anew with another key.`,
    })
  if (/^[0-9a-f]{64}$/.test(text)) return fromHex(text, 32)
  throw new DcmlError('node_key_invalid', `${path} holds no key of a node.`, {
    hint: 'Make one: dcml por keygen FILE.',
  })
}
