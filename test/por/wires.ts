// The wires between nodes: every connection to a node goes through a proxy here, which knows between whom it is, and
// keeps, holds back or cuts what passes. TCP's view of bad networks: bytes come late or the connection ends, and nothing
// else.
import { createServer, type Server, type Socket, connect as tcp } from 'node:net'
import type { Draws } from '../money/draws.ts'

/** ms that a connection may stay nameless: whoever dialled says so. */
const NAMELESS = 5_000
/** ms until a session that ended is back, mostly. */
const RETURN = 1_500

/** Between two nodes, whichever of them dialled. */
export class Wire {
  readonly name: string
  readonly #draws: Draws
  readonly #connections = new Set<Connection>()
  /** Nothing passes before. */
  #heldUntil = 0
  readonly #troubles: { readonly from: number; readonly to: number }[] = []

  constructor(name: string, draws: Draws) {
    this.name = name
    this.#draws = draws
  }

  /** Nothing passes for so long: packets that were lost, a partition, or with `Infinity` the end of the wire. */
  hold(ms: number): void {
    this.#heldUntil = Math.max(this.#heldUntil, performance.now() + ms)
    this.#troubled(ms)
  }

  /** Ends what is connected; whoever dialled may do so again. */
  reset(): void {
    for (const connection of this.#connections) connection.end()
    this.#troubled(RETURN)
  }

  /** Whether nothing was wrong with it between two times. */
  wasCalm(from: number, to: number): boolean {
    return this.#troubles.every((trouble) => trouble.to < from || trouble.from > to)
  }

  carry(from: Socket, to: Socket): void {
    const connection = new Connection(from, to, () => this.#arrival())
    this.#connections.add(connection)
    connection.ended.then(() => this.#connections.delete(connection))
  }

  #troubled(ms: number): void {
    const now = performance.now()
    this.#troubles.push({ from: now, to: now + ms })
  }

  /** When what is sent now arrives: 1 to 5 ms on most days, now and then up to 25. */
  #arrival(): number {
    const delay = 1 + this.#draws.below(this.#draws.chance(5) ? 25 : 5)
    return Math.max(performance.now(), this.#heldUntil) + delay
  }
}

/** Two sockets as one, with time between them. */
class Connection {
  readonly ended: Promise<void>
  readonly #sockets: readonly Socket[]

  constructor(from: Socket, to: Socket, arrival: () => number) {
    this.#sockets = [from, to]
    const { promise, resolve } = Promise.withResolvers<void>()
    this.ended = promise
    for (const [source, sink] of [
      [from, to],
      [to, from],
    ] as const) {
      pass(source, sink, arrival)
      source.on('error', () => {})
      source.on('close', () => {
        this.end()
        resolve()
      })
    }
  }

  end(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy()
  }
}

/** In order, each piece at its time. */
function pass(source: Socket, sink: Socket, arrival: () => number): void {
  const pieces: { readonly data: Uint8Array; readonly at: number }[] = []
  let last = 0
  let timer: ReturnType<typeof setTimeout> | undefined
  const deliver = (): void => {
    timer = undefined
    while (pieces[0] !== undefined && pieces[0].at <= performance.now()) sink.write(pieces.shift()!.data)
    wait()
  }
  const wait = (): void => {
    const [next] = pieces
    if (next !== undefined && next.at !== Number.POSITIVE_INFINITY)
      timer ??= setTimeout(deliver, Math.max(0, next.at - performance.now()))
  }
  source.on('data', (data: Uint8Array) => {
    last = Math.max(last, arrival())
    pieces.push({ data, at: last })
    wait()
  })
  source.on('close', () => clearTimeout(timer))
}

/** One proxy before each node, and a wire for each pair. */
export class Wires {
  readonly #draws: Draws
  readonly #wires = new Map<string, Wire>()
  readonly #servers: Server[] = []
  readonly #sockets = new Set<Socket>()
  /** Where each node listens now. */
  readonly #ports = new Map<string, number>()
  /** Who dialled from which port, and who waits to know. */
  readonly #diallers = new Map<number, string>()
  readonly #waiting = new Map<number, (account: string) => void>()

  constructor(draws: Draws) {
    this.#draws = draws
  }

  between(a: string, b: string): Wire {
    const name = [a, b].sort().join(' - ')
    const known = this.#wires.get(name)
    if (known !== undefined) return known
    const wire = new Wire(name, this.#draws)
    this.#wires.set(name, wire)
    return wire
  }

  /** @returns the endpoint to register for a node */
  async proxy(account: string): Promise<string> {
    const server = createServer((socket) => void this.#accept(account, socket))
    this.#servers.push(server)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return `127.0.0.1:${(server.address() as { port: number }).port}`
  }

  /** A node listens there from now on. */
  moved(account: string, port: number): void {
    this.#ports.set(account, port)
  }

  /** A node dialled from this port. */
  dialled(account: string, port: number): void {
    const waiting = this.#waiting.get(port)
    if (waiting === undefined) this.#diallers.set(port, account)
    else waiting(account)
  }

  close(): void {
    for (const server of this.#servers) server.close()
    for (const socket of this.#sockets) socket.destroy()
  }

  async #accept(account: string, socket: Socket): Promise<void> {
    this.#keep(socket)
    const dialler = await this.#diallerAt(socket.remotePort!)
    const port = this.#ports.get(account)
    if (dialler === null || port === undefined || socket.destroyed) return void socket.destroy()
    const onward = tcp(port, '127.0.0.1')
    this.#keep(onward)
    this.between(dialler, account).carry(socket, onward)
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => this.#sockets.delete(socket))
  }

  #diallerAt(port: number): Promise<string | null> {
    const known = this.#diallers.get(port)
    this.#diallers.delete(port)
    if (known !== undefined) return Promise.resolve(known)
    return new Promise((resolve) => {
      const done = (account: string | null): void => {
        clearTimeout(timer)
        this.#waiting.delete(port)
        resolve(account)
      }
      const timer = setTimeout(() => done(null), NAMELESS)
      this.#waiting.set(port, done)
    })
  }
}
