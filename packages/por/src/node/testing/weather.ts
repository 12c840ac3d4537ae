import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

export interface WeatherOptions {
  /** ms that every byte is under way, each way. */
  readonly delay: number
  /** Share of the pieces that are lost and sent again, and how long that takes in ms. */
  readonly loss: number
  readonly resend: number
}

/** The network in front of a node: slow, lossy as TCP shows it, and cut off at times. */
export class Weather {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #options: WeatherOptions
  readonly #port: number
  #isCut = false
  /** Connections that a cut ended. */
  broken = 0

  private constructor(server: Server, port: number, options: WeatherOptions) {
    this.#server = server
    this.#port = port
    this.#options = options
    server.on('connection', (socket) => this.#carry(socket))
  }

  static async before(port: number, options: WeatherOptions): Promise<Weather> {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return new Weather(server, port, options)
  }

  get endpoint(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** Nobody gets through for so many ms. */
  async cut(ms: number): Promise<void> {
    this.#isCut = true
    this.broken += this.#sockets.size / 2
    for (const socket of this.#sockets) socket.destroy()
    await new Promise((resolve) => setTimeout(resolve, ms))
    this.#isCut = false
  }

  close(): void {
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
  }

  #carry(near: Socket): void {
    if (this.#isCut) {
      near.destroy()
      return
    }
    const far = connect(this.#port, '127.0.0.1')
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(from)
      from.setNoDelay(true)
      from.on('error', () => {})
      from.on('close', () => {
        this.#sockets.delete(from)
        to.destroy()
      })
      this.#slow(from, to)
    }
  }

  #slow(from: Socket, to: Socket): void {
    const { delay, loss, resend } = this.#options
    // what comes after a lost piece waits for it
    let before = Promise.resolve()
    from.on('data', (piece) => {
      const wait = new Promise((resolve) => setTimeout(resolve, delay + (Math.random() < loss ? resend : 0)))
      before = Promise.all([before, wait]).then(() => void (to.writable && to.write(piece)))
    })
  }
}
