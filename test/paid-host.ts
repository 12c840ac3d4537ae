// A whole paid model in this process: a devchain with the model's contract, and a host in a simulated TEE that serves it
// for money. Who uses it pays over the chain's RPC, as anywhere.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { development, imageH } from '@dcml/attestation'
import { createDevchain, type DevAccount, type Devchain } from '@dcml/devchain'
import { formatTrustRoot } from '@dcml/light-client'
import { accountFromKey, connectNear, fetchTrustRoot, type Near } from '@dcml/near'
import { modelProvider } from '@dcml/near/model'
import { type Prices, toHex, utf8 } from '@dcml/protocol'
import { deployModelContract, seedEnclave, setImages } from '@dcml/publisher'
import { type AntiRollbackDevice, llamaCppLoader, type Runtime, startRuntime } from '@dcml/runtime'
import { createSimulator } from '@dcml/tee-simulator'
import { demoModelPath } from '@dcml/training/node'
import { generateModelKey } from '@dcml/weights'
import { sealModel } from '@dcml/weights/node'
import pino from 'pino'

const NEAR = 10n ** 24n

export interface PaidHost extends AsyncDisposable {
  readonly chain: Devchain
  readonly near: Near
  readonly nodeUrl: string
  readonly contract: string
  readonly alice: DevAccount
  readonly bob: DevAccount
  readonly charlie: DevAccount
  readonly runtime: Runtime
  readonly endpoint: string
  readonly imageH: string
  readonly modelH: string
  readonly rootPem: string
  /** From now on nobody reaches the chain. */
  cutNetwork(): Promise<void>
}

export interface PaidHostOptions {
  readonly antiRollback: AntiRollbackDevice
  readonly prices: Prices
  readonly challengePeriodMs?: number
}

/** Charlie seals the demo's model and opens its contract; Bob hosts it, and Alice has money. */
export async function startPaidHost({ antiRollback, prices, challengePeriodMs }: PaidHostOptions): Promise<PaidHost> {
  const folder = await mkdtemp(join(tmpdir(), 'dcml-paid-host-'))
  const container = join(folder, 'model.dcmw')
  const { sk, pk } = generateModelKey()
  const sealed = await sealModel({ source: demoModelPath(), out: container, recipients: [pk] })
  const modelH = toHex(sealed.modelH)

  const chain = createDevchain({ clock: Date.now })
  const server = await chain.serve()
  const networkId = chain.settings.chainId
  const near = connectNear({ networkId, nodes: server.url })
  const [charlie, bob, alice] = ['charlie', 'bob', 'alice'].map((name) =>
    chain.root.createAccount(name, { balance: 1000n * NEAR }),
  ) as [DevAccount, DevAccount, DevAccount]
  const signer = ({ accountId, key }: DevAccount) => accountFromKey(accountId, key.secretKey)
  const contract = `model.${charlie.accountId}`
  await deployModelContract({
    near,
    account: signer(charlie),
    contract,
    terms: {
      owner: charlie.accountId,
      beneficiary: charlie.accountId,
      modelH: sealed.modelH,
      prices: { input: prices.ownerInput, output: prices.ownerOutput },
      imageHs: [],
      ...(challengePeriodMs !== undefined && { challengePeriodMs }),
    },
  })

  const manifest = utf8(
    JSON.stringify({
      v: 1,
      name: 'paid-host',
      image: `sha256:${'0'.repeat(64)}`,
      command: [],
      env: {},
      models: [modelH],
      network: { networkId, contract },
      trustRoot: formatTrustRoot(await fetchTrustRoot(near)),
    }),
  )
  await setImages({ near, account: signer(charlie), contract, imageHs: [imageH(manifest)] })

  const simulator = await createSimulator()
  const policy = development({ imageH: [toHex(imageH(manifest))], binding: 'session-quoted' })
  const roots = [simulator.rootPem]
  const runtime = await startRuntime({
    tee: simulator.createTee({ imageH: imageH(manifest) }),
    manifest,
    environment: 'development',
    loader: llamaCppLoader({ parallel: 2 }),
    model: container,
    provider: bob.accountId,
    state: join(folder, 'state'),
    antiRollback,
    listen: { host: '127.0.0.1', port: 0 },
    admin: { host: '127.0.0.1', port: 0 },
    peers: { policy, roots },
    logger: pino({ level: 'silent' }),
  })
  await seedEnclave({
    endpoint: runtime.address,
    policy,
    roots,
    modelH: sealed.modelH,
    sk,
    chain: { networkId, contract },
  })
  while (runtime.state().phase !== 'ready') await new Promise((resolve) => setTimeout(resolve, 20))

  const endpoint = `https://127.0.0.1:${runtime.address.port}`
  const host = modelProvider({ near, account: signer(bob), contract })
  const { hostInput, hostOutput } = prices
  await host.register({ endpoint, hostInput, hostOutput, porAccount: null, collateral: 100n * NEAR })
  await host.admit(runtime.sessionKey)
  return {
    chain, near, nodeUrl: server.url, contract, alice, bob, charlie, runtime, endpoint, modelH,
    imageH: toHex(imageH(manifest)),
    rootPem: simulator.rootPem,
    cutNetwork: () => server.close(),
    async [Symbol.asyncDispose]() {
      await runtime.close()
      await server.close()
      await rm(folder, { recursive: true })
    },
  } // biome-ignore format: one name after the other
}
