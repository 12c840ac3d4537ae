import { createHash } from 'node:crypto'
import { realpath, stat } from 'node:fs/promises'
import { createServer } from 'node:net'
import { DcmlError } from '@dcml/protocol'

/**
 * Keeps other processes of this machine out of a folder until it is released or the process has ended, however that
 * ends: the lock is a name that the kernel forgets with its holder (Linux' abstract sockets, pipes on Windows), and not a
 * file. Processes in another network namespace do not see it; there the anti-rollback device tells them apart.
 * @returns releases the folder
 * @throws DcmlError `state_in_use`
 */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  const [path, { dev, ino }] = await Promise.all([realpath(folder), stat(folder, { bigint: true })])
  // the kernel takes 107 bytes of a name
  const name = createHash('sha256').update(`dcml-state ${dev} ${ino} ${path}`).digest('hex')
  const server = createServer((socket) => socket.destroy())
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(error.code === 'EADDRINUSE' ? inUse(folder) : error))
    server.listen(process.platform === 'win32' ? `\\\\.\\pipe\\${name}` : `\0${name}`, resolve)
  })
  server.unref()
  return () => new Promise((resolve) => server.close(() => resolve()))
}

const inUse = (folder: string): DcmlError =>
  new DcmlError('state_in_use', `Another process has the state in ${folder} open.`, {
    hint: 'Stop it, or give this one a folder of its own.',
  })
