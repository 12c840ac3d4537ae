import { createServer as createHttpServer } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import {
  type Environment,
  keyRelease,
  parseWorkloadManifest,
  type TeeBackend,
  type WorkloadManifest,
} from '@dcml/attestation'
import { createEnclave, PeerExchange } from '@dcml/attestation/node'
import { DcmlError, fromBase64url, NO_CHAIN, toHex } from '@dcml/protocol'
import { getRequestListener } from '@hono/node-server'
import pino, { type Logger } from 'pino'
import { adminRoutes } from './admin/admin.ts'
import { createMetrics } from './admin/metrics.ts'
import { Admission } from './api/admission.ts'
import { createApp, type RequestLine } from './api/app.ts'
import { loggable } from './api/errors.ts'
import { createReceiptBook } from './api/receipts.ts'
import { attestedApp, isDraining } from './attested.ts'
import { listenToBrowsers } from './browser/listener.ts'
import { KeyStore } from './keys/store.ts'
import { type Limits, resolveLimits } from './limits.ts'
import { type Listener, listen } from './listener.ts'
import { ModelHost, type ModelState } from './model/host.ts'
import { hostState } from './model/routes.ts'
import type { Runtime, RuntimeOptions } from './options.ts'
import type { PaymentDesk } from './payment/desk.ts'
import { openDesk, type PaymentGround, preparePayment } from './payment/start.ts'
import { peerPatienceMs } from './tee/patience.ts'
import { sealedModels } from './weights/source.ts'
import { openAnonymousStore } from './weights/store.ts'

/**
 * Starts the program inside the CVM: makes the enclave's keys and first evidence, listens, and loads the model when
 * its key is there.
 * @throws DcmlError `tee_environment_refused`, `limits_invalid`, `listen_failed`, those of `openAnonymousStore` and
 * `createEnclave`, and with `model` those of reading the sealed model's header; for a paid workload also
 * `provider_missing`, `sealing_unsupported`, `anti_rollback_missing`, `anti_rollback_refused`, `state_…`, `trust_root_…`, `channel_state_…`
 */
export async function startRuntime(options: RuntimeOptions): Promise<Runtime> {
  const { tee, environment = 'production', logger = pino() } = options
  options.signal?.throwIfAborted()
  if (tee.environment !== environment) throw wrongEnvironment(tee, environment)
  const limits = resolveLimits(options.limits)
  const manifest = parseWorkloadManifest(options.manifest)
  const { provider, state, antiRollback } = options
  let ground: PaymentGround | undefined
  try {
    ground = await preparePayment({ manifest, tee, environment, provider, state, antiRollback, log: logger })
    return await serve({ ...options, environment, logger, limits }, manifest, ground)
  } catch (error) {
    await (ground ?? antiRollback)?.close?.()
    throw error
  }
}

type Served = RuntimeOptions & Required<Pick<RuntimeOptions, 'environment' | 'logger'>> & { readonly limits: Limits }

async function serve(
  options: Served,
  { models, network: chain = NO_CHAIN }: WorkloadManifest,
  ground: PaymentGround | undefined,
): Promise<Runtime> {
  const { tee, clock = Date.now, environment, logger, limits } = options
  const keys = new KeyStore()
  const allows = (modelH: Uint8Array): boolean => models === 'any' || models.includes(toHex(modelH))
  const host = new ModelHost({
    source: options.source ?? sealedModels(openAnonymousStore({ environment, log: logger })),
    loader: options.loader,
    log: logger,
    keys,
    clock,
    allows,
    onChange: (state) => logState(logger, state),
  })
  const enclave = await createEnclave({
    tee,
    manifest: options.manifest,
    clock,
    ...(ground && { sessionSeed: ground.sealed.sessionSeed }),
    modelH: () => (host.state.phase === 'ready' ? host.state.model.modelH : undefined),
  })
  const admission = new Admission({
    maxQueue: limits.maxQueue,
    parallel: () => (host.state.phase === 'ready' ? host.state.model.engine.info.parallel : 1),
    clock,
  })
  const metrics = createMetrics(admission, host)
  let desk: PaymentDesk | undefined
  if (ground !== undefined)
    desk = await openDesk(ground, {
      signer: enclave.sessionKey,
      keyEpoch() {
        const grant = keys.proven(host.ready().modelH)!
        grant.sk.fill(0)
        return BigInt(grant.keyEpoch)
      },
      limits,
      observer: metrics.payments(() => desk?.open ?? 0),
      clock,
    })
  const shutdown = new AbortController()
  const { policy = keyRelease({ imageH: [], images: [] }), roots } = options.peers ?? {}
  let draining = false

  const observe = (line: RequestLine): void => {
    metrics.request(line.route, line.status)
    logRequest(logger, line)
  }
  const { app, por } = attestedApp({
    exchange: new PeerExchange({ enclave, policy, clock, timeoutMs: peerPatienceMs(tee), ...(roots && { roots }) }),
    keys,
    host,
    chain,
    allows,
    limits,
    clock,
    operatorToken: options.operatorToken,
    desk,
    draining: () => draining,
    observe,
    hpkeKey: fromBase64url(enclave.hpkeKey.export({ format: 'jwk' }).d!),
    quote: (nonce) => enclave.quote({ purpose: 'session', nonce, tlsSpki: enclave.tlsSpki }),
    onPor: (line) => logger.info(line, 'proof of response'),
    onKey: (event) => logger.info(event, 'model key'),
    generation: {
      admission,
      receipts: createReceiptBook({ chain, imageH: enclave.imageH, signer: enclave.sessionKey, clock }),
      limits,
      shutdown: shutdown.signal,
      observe(outcome) {
        metrics.generation(outcome)
        const { error, ...fields } = outcome
        logger.info({ ...fields, ...(error && { error: loggable(error) }) }, 'generation')
      },
    },
  })
  const server = createHttpsServer(
    {
      ...enclave.tls,
      headersTimeout: Math.min(limits.headersMs, limits.bodyMs),
      requestTimeout: limits.bodyMs,
      handshakeTimeout: Math.min(limits.headersMs, 10_000),
      keepAliveTimeout: 65_000,
      connectionsCheckingInterval: Math.min(30_000, limits.headersMs),
    },
    getRequestListener(app.fetch, { overrideGlobalObjects: false }),
  )
  server.maxConnections = limits.maxConnections
  const adminApp = createApp(observe).route(
    '/',
    adminRoutes({ host, desk, por, metrics, draining: () => draining, hostname: options.admin.host }),
  )
  const adminServer = createHttpServer(getRequestListener(adminApp.fetch, { overrideGlobalObjects: false }))

  const listener = await listen(server, options.listen)
  const adminListener = await listen(adminServer, options.admin).catch((error: unknown) => {
    server.close()
    throw error
  })
  async function openBrowsers(): Promise<Listener | undefined> {
    if (options.browser === undefined) return undefined
    return listenToBrowsers(options.browser, {
      app,
      limits,
      clock,
      observe,
      prove: (session, { signal }) => enclave.browserEvidence(session, { signal }),
      requireOpen() {
        desk?.requireSure()
        if (draining) throw isDraining()
      },
    })
  }
  const browsers = await openBrowsers().catch((error: unknown) => {
    server.close()
    adminServer.close()
    throw error
  })
  logger.info(
    { ...listener.address, admin: adminListener.address, tee: tee.name, environment, imageH: toHex(enclave.imageH) },
    'listening',
  )

  let closing: Promise<void> | undefined
  const close = (): Promise<void> => (closing ??= stop())
  async function stop(): Promise<void> {
    draining = true
    const late = setTimeout(() => shutdown.abort(isDraining()), limits.drainMs)
    // a little longer, in which the answers that were ended say so to their clients
    const ports = [listener, ...(browsers ? [browsers] : [])]
    const cut = setTimeout(() => {
      for (const port of ports) port.cut()
    }, limits.drainMs + 1000)
    // streams may need vouchers, which come over new connections
    if (desk !== undefined) await admission.idle()
    await Promise.all(ports.map((port) => port.drain()))
    clearTimeout(late)
    clearTimeout(cut)
    await host.close(isDraining())
    keys.clear()
    metrics.registry.clear()
    const adminDrained = adminListener.drain()
    adminListener.cut()
    await adminDrained
    await ground?.close()
    logger.info('stopped')
  }
  options.signal?.addEventListener('abort', () => void close(), { once: true })

  if (options.model !== undefined) {
    try {
      await host.load(options.model)
    } catch (error) {
      await close()
      throw error
    }
  }
  return {
    address: listener.address,
    adminAddress: adminListener.address,
    ...(browsers && { browserAddress: browsers.address }),
    imageH: enclave.imageH,
    sessionKey: enclave.sessionKey.publicKey,
    state: () => host.state,
    close,
  }
}

/** A fault that goes away by itself, such as a model still loading, is no error of ours. */
function logRequest(logger: Logger, { error, ms, ...line }: RequestLine): void {
  const fields = { ...line, ms: Math.round(ms), ...(error && { error: loggable(error) }) }
  if (line.status >= 500 && error?.retryable === false) logger.error(fields, 'request failed')
  else logger.debug(fields, 'request')
}

function logState(logger: Logger, state: ModelState): void {
  if (state.phase === 'failed') logger.error({ phase: 'failed', error: loggable(state.error) }, 'model')
  else if (state.phase === 'loading' && state.progress.done > 0) logger.debug(hostState(state), 'model')
  else logger.info(hostState(state), 'model')
}

const wrongEnvironment = (tee: TeeBackend, environment: Environment): DcmlError =>
  new DcmlError('tee_environment_refused', `The TEE ${tee.name} is for ${tee.environment}, not for ${environment}.`, {
    hint:
      tee.environment === 'development'
        ? 'A simulated TEE protects nothing. For development, set the environment to development explicitly.'
        : 'Leave the environment at production.',
  })
