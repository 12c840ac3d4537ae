// A chain, an enclave, and clients that are started and killed.
import { createHash } from 'node:crypto'
import { development } from '@dcml/attestation'
import { DcmlError } from '@dcml/protocol'
import { clientOver } from '../../src/client.ts'
import type { ChannelStore, Client, PayOptions } from '../../src/index.ts'
import { memoryChannel } from '../../src/index.ts'
import { checkOptions } from '../../src/options.ts'
import type { Transport } from '../../src/transport.ts'
import { FakeChain } from './fake-chain.ts'
import { FakeEnclave } from './fake-enclave.ts'

export class World {
  now = Date.UTC(2027, 0, 1)
  readonly chain: FakeChain
  readonly enclave: FakeEnclave
  readonly total: bigint

  private constructor(chain: FakeChain, enclave: FakeEnclave) {
    this.chain = chain
    this.enclave = enclave
    this.total = chain.total()
  }

  static async create(): Promise<World> {
    const at: { world?: World } = {}
    const chain = new FakeChain(() => at.world?.now ?? Date.UTC(2027, 0, 1))
    const world = new World(chain, await FakeEnclave.start(chain))
    at.world = world
    return world
  }

  client(transport: Transport = this.enclave.transport()): Client {
    const clock = () => this.now
    const settings = checkOptions({ endpoint: 'https://bob.test:8443', policy: development(), clock })
    return clientOver({ transport, createHasher: () => createHash('sha256') }, settings)
  }

  options(change: Partial<PayOptions> = {}): PayOptions {
    const wallet = this.chain.wallet()
    return { wallet, provider: 'bob.test', deposit: 2000n, perRequestLimit: 400n, step: 40n, ...change }
  }
}

/** What survives a process: load and release as often as you like. */
export const disk = (): ChannelStore => memoryChannel()

export const ask = (client: Client, body: object = {}, init: RequestInit = {}): Promise<Response> =>
  client.fetch('/v1/chat/completions', {
    method: 'POST',
    body: JSON.stringify({ messages: [], stream: true, max_tokens: 20, ...body }),
    ...init,
  })

/** The code that something is refused with. */
export const codeOf = (act: () => unknown): Promise<string> =>
  Promise.resolve()
    .then(act)
    .then(
      () => 'none',
      (error) => {
        if (DcmlError.isInstance(error)) return error.code
        throw error
      },
    )
