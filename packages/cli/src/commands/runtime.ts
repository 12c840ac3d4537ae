import { development, imageH, keyRelease, type Policy, parsePolicy } from '@dcml/attestation'
import { createClient } from '@dcml/client'
import { DcmlError, toHex } from '@dcml/protocol'
import {
  type EngineLoader,
  llamaCppLoader,
  openAiUpstreamLoader,
  openAnonymousStore,
  sealedModels,
  startRuntime,
} from '@dcml/runtime'
import { Command, Option } from 'commander'
import pino from 'pino'
import { DEVICES, openDevice } from '../anti-rollback.ts'
import { hostError } from '../host-error.ts'
import { nearOptions, type SignerFlags } from '../near-flags.ts'
import { options, originOf, parseAddress, readJson, wholeNumber, withTrust } from '../options.ts'
import type { Output } from '../output.ts'
import { openTee, type TeeFlags, withTee } from '../tee.ts'
import { resolveTrust, type TrustFlags } from '../trust.ts'
import { interrupted } from './interrupted.ts'

interface ServeFlags extends SignerFlags, TeeFlags {
  engine: string
  container?: string
  host: string
  port: number
  adminPort: number
  browserPort?: number
  browserOrigin?: string[]
  peers?: string
  provider?: string
  state?: string
  antiRollback?: string
  maxHeadAge?: number
  threads?: number
  parallel?: number
  contextLength?: number
  logLevel: string
}

/** `dcml runtime …`: the host's side. */
export function runtimeCommand(output: () => Output): Command {
  const serve = withTee(
    new Command('serve')
      .description('run the program inside the CVM: attested API, engine, receipts')
      .addOption(options.tee().makeOptionMandatory()),
  )
    .addOption(options.manifest())
    .addOption(options.engine().default('llama.cpp'))
    .addOption(options.container())
    .addOption(options.host().default('0.0.0.0'))
    .addOption(options.port().default(8443))
    .addOption(options.adminPort().default(9443))
    .addOption(options.browserPort())
    .addOption(options.browserOrigin())
    .addOption(options.development())
    .option('--peers <file>', 'policy for enclaves that exchange model keys with this one; part of the image')
    .option('--provider <account>', 'your account at the model contract, for a workload that is paid')
    .option('--state <folder>', 'sealed state of payment channels, on a disk that outlives the machine')
    .option('--anti-rollback <device>', `what remembers the last state of the channels: ${DEVICES}`)
    .option(
      '--max-head-age <seconds>',
      'oldest block to believe an opening by (default: 600); more also lets carried files travel longer',
      wholeNumber,
    )
    .addOption(nearOptions.network())
    .addOption(nearOptions.node())
    .addOption(nearOptions.account())
    .addOption(nearOptions.key())
    .addOption(options.threads())
    .addOption(options.parallel())
    .addOption(options.contextLength())
    .addOption(new Option('--log-level <level>').choices(['debug', 'info', 'warn', 'error']).default('info'))
    .addOption(options.config())
    .addOption(options.json())
    .action(async (flags: ServeFlags) => {
      const environment = flags.development ? 'development' : 'production'
      const logger = pino({ level: flags.logLevel }, pino.destination(2))
      const { tee, manifest, roots } = await openTee(flags, logger)
      const peers = { policy: peerPolicy(flags, toHex(imageH(manifest))), ...(roots && { roots }) }
      const { provider, state, host } = flags
      const antiRollback =
        flags.antiRollback === undefined || state === undefined
          ? undefined
          : await openDevice(flags.antiRollback, { tee, manifest, peers, state, host, log: logger, near: flags })
      const runtime = await startRuntime({
        tee,
        manifest,
        environment,
        loader: engineLoader(flags),
        source: sealedModels(openAnonymousStore({ environment, log: logger })),
        ...(flags.container !== undefined && { model: flags.container }),
        listen: { host: flags.host, port: flags.port },
        admin: { host: '127.0.0.1', port: flags.adminPort },
        ...(flags.browserPort !== undefined && {
          browser: { listen: { host: flags.host, port: flags.browserPort }, origins: flags.browserOrigin ?? [] },
        }),
        peers,
        ...(provider !== undefined && { provider }),
        ...(state !== undefined && { state }),
        ...(antiRollback && { antiRollback }),
        ...(flags.maxHeadAge !== undefined && { limits: agesOf(flags.maxHeadAge * 1000) }),
        logger,
      })
      const { address, adminAddress, browserAddress } = runtime
      const said = {
        address: `${address.host}:${address.port}`,
        adminUrl: `http://${adminAddress.host}:${adminAddress.port}`,
        ...(browserAddress && { browserUrl: `http://${browserAddress.host}:${browserAddress.port}` }),
        imageH: toHex(runtime.imageH),
        sessionKey: toHex(runtime.sessionKey),
        environment,
      }
      output().result(
        `listening on ${said.address}, imageH ${said.imageH}, session key ${said.sessionKey}, admin ${said.adminUrl}${
          said.browserUrl === undefined ? '' : `, browsers ${said.browserUrl}`
        }`,
        said,
      )
      await new Promise((stop) => interrupted().addEventListener('abort', stop))
      await runtime.close()
    })

  const requestSk = withTrust(new Command('request-sk'))
    .description('request_sk: have an enclave that has the key of a model pass it to yours (paper §4)')
    .argument('<address>', 'attested host:port of the enclave that has the key')
    .requiredOption('--to <address>', 'attested host:port of your enclave, as the other one reaches it')
    .addOption(options.modelH().makeOptionMandatory())
    .addOption(options.json())
    .action(async (address: string, flags: TrustFlags & { to: string; modelH: string }) => {
      const { modelH, ...trust } = flags
      const client = createClient({
        endpoint: originOf(parseAddress(address)),
        ...(await resolveTrust(trust, 'client')),
      })
      const response = await client.fetch('/dcml/v1/request-sk', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ ...parseAddress(flags.to), modelH }),
      })
      const answer = (await response.json()) as Record<string, unknown>
      client.close()
      if (!response.ok) throw hostError(answer)
      output().result(`the key of ${modelH} went from ${address} to ${flags.to}`, { ok: true, ...answer })
    })

  return new Command('runtime').addCommand(serve).addCommand(requestSk)
}

const USUAL_AGE_MS = 600_000
/** A block that shows an opening is younger than it: to believe older ones takes both limits. */
const agesOf = (ms: number) => ({ maxHeadAgeMs: ms, maxOpeningAgeMs: Math.max(ms, USUAL_AGE_MS) })

function engineLoader({ engine, threads, parallel, contextLength }: ServeFlags): EngineLoader {
  const shared = {
    ...(parallel !== undefined && { parallel }),
    ...(contextLength !== undefined && { contextLength }),
  }
  if (engine === 'llama.cpp') return llamaCppLoader({ ...shared, ...(threads !== undefined && { threads }) })
  if (URL.canParse(engine) && /^https?:/.test(engine)) return openAiUpstreamLoader({ ...shared, baseUrl: engine })
  throw new DcmlError('engine_unknown', `"${engine}" is no engine.`, {
    hint: 'Write llama.cpp, or the base URL of an OpenAI-compatible server such as http://127.0.0.1:8000/v1.',
  })
}

function peerPolicy(flags: ServeFlags, self: string): Policy {
  if (flags.peers !== undefined) return parsePolicy(readJson(flags.peers))
  return flags.development
    ? development({ imageH: [self], binding: 'session-quoted', maxAgeSeconds: 60 })
    : keyRelease({ imageH: [self], images: [] })
}
