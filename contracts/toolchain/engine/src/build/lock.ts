import { createHash } from 'node:crypto'
import { createServer } from 'node:net'
import { setTimeout } from 'node:timers/promises'

/**
 * Runs `work` while no other process of this machine works under the same name. The lock is a socket in Linux'
 * abstract namespace, so it ends with the process that holds it, however that ends.
 */
export async function alone<T>(name: string, work: () => Promise<T>, waiting: () => void): Promise<T> {
  const server = createServer()
  // The kernel takes 107 bytes of a name.
  const socket = `\0${createHash('sha256').update(name).digest('hex')}`
  for (let tries = 0; !(await listen(server, socket)); tries++) {
    if (tries === 0) waiting()
    await setTimeout(200)
  }
  try {
    return await work()
  } finally {
    server.close()
  }
}

const listen = (server: ReturnType<typeof createServer>, name: string): Promise<boolean> =>
  new Promise((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException): void => {
      if (error.code === 'EADDRINUSE') resolve(false)
      else reject(error)
    }
    server.once('error', failed)
    server.listen(name, () => {
      server.off('error', failed)
      resolve(true)
    })
  })
