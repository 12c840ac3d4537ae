// The hello contract on a devchain behind HTTP, and a door to it that loses what it is told to lose.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buildContract } from '@dcml/contract-build'
import { createDevchain, type DevAccount, type Devchain, type DevchainOptions } from '@dcml/devchain'
import { accountFromKey, type NearAccount } from '@dcml/near'

export const NEAR = 10n ** 24n
const entry = new URL('../../../contracts/hello/src/hello.ts', import.meta.url).pathname
let built: ReturnType<typeof buildContract> | undefined

/** Built once per test file. */
export const helloContract = (): ReturnType<typeof buildContract> => {
  built ??= buildContract({ entry })
  return built
}

export interface Scene {
  readonly chain: Devchain
  readonly url: string
  readonly alice: NearAccount
  readonly contractId: string
  stop(): Promise<void>
}

export const asNear = ({ accountId, key }: DevAccount): NearAccount => accountFromKey(accountId, key.secretKey)

export async function startScene(options: DevchainOptions = {}): Promise<Scene> {
  const chain = createDevchain(options)
  const contract = chain.root.createAccount('hello')
  const { wasm } = await helloContract()
  contract.deploy(wasm, { method: 'open', args: { owner: chain.root.accountId } })
  const server = await chain.serve()
  return {
    chain,
    url: server.url,
    alice: asNear(chain.root.createAccount('alice')),
    contractId: contract.accountId,
    stop: () => server.close(),
  }
}

/** What becomes of one request: passed on, answered by the chain but lost on the way back, or never passed on. */
export type Fate = 'pass' | 'lose-answer' | 'lose-request' | 503

/** A node that is reached over a bad line. */
export async function badLine(
  target: string,
  decide: (method: string, params: Record<string, unknown>) => Fate,
): Promise<{ url: string; seen: string[]; close(): void }> {
  const seen: string[] = []
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const body = Buffer.concat(chunks)
    const { method, params } = JSON.parse(body.toString())
    seen.push(method)
    const fate = decide(method, params)
    if (fate === 503) return response.writeHead(503).end()
    if (fate === 'lose-request') return request.socket.destroy()
    const answer = await fetch(target, { method: 'POST', body, headers: { 'content-type': 'application/json' } })
    const text = await answer.text()
    if (fate === 'lose-answer') return request.socket.destroy()
    return response.writeHead(answer.status, { 'content-type': 'application/json' }).end(text)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}
