import { createHash } from 'node:crypto'
import { createServer, type Server } from 'node:net'
import { setTimeout } from 'node:timers/promises'

/**
 * Runs `work` while no other process of this machine works under the same name. The lock is a socket in Linux'
 * abstract namespace, so it ends with the process that holds it, however that ends.
 */
export async function alone<T>(name: string, work: () => Promise<T>, waiting: () => void): Promise<T> {
  // The kernel takes 107 bytes of a name.
  const socket = `\0${createHash('sha256').update(name).digest('hex')}`
  let lock = await hold(socket)
  if (!lock) waiting()
  while (!lock) {
    await setTimeout(200)
    lock = await hold(socket)
  }
  try {
    return await work()
  } finally {
    lock.close()
  }
}

/** The lock, or undefined while another process holds it. */
const hold = (socket: string): Promise<Server | undefined> =>
  new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(undefined)
      else reject(error)
    })
    server.listen(socket, () => resolve(server))
  })
