import { type GpuBackend, imageH, type TdxEvidence, type TeeBackend } from '@dcml/attestation'
import { DcmlError, equalBytes, fromHex, toHex, utf8 } from '@dcml/protocol'
import * as v from 'valibot'
import { askCurrent } from './collateral/source.ts'
import { dstackCalls, malformed } from './dstack-agent.ts'
import { otherReportData, requireReportData } from './report-data.ts'
import type { CollateralSource } from './tdx/kind.ts'
import { quotes } from './tdx/quote.ts'

/** Where the agents listen, by generation. */
const SOCKETS = { 'dstack-0.5': '/var/run/dstack.sock', 'tappd-0.3': '/var/run/tappd.sock' } as const

const stripped = (text: string): string => text.replace(/^0x/, '')
const bytes = v.pipe(
  v.string(),
  v.regex(/^(?:0x)?(?:[0-9a-fA-F]{2})+$/),
  v.transform((text) => fromHex(stripped(text))),
)
/** JSON text of the events behind the RTMRs, as the agent keeps it. */
const quoteSchema = v.looseObject({ quote: bytes, event_log: v.nullish(v.string()) })
const infoSchema = v.looseObject({ app_id: bytes, compose_hash: bytes })
/** Whose keys an app takes, where its compose file says so. */
const pinnedSchema = v.pipe(v.string(), v.parseJson(), v.looseObject({ key_provider_id: bytes }))
const keySchema = v.looseObject({ key: v.pipe(bytes, v.length(32)) })
/** `tcb_info` is JSON text; its compose hash is there from 0.4 on. */
const appSchema = v.looseObject({
  tcb_info: v.pipe(
    v.string(),
    v.parseJson(),
    v.looseObject({ app_compose: v.pipe(v.string(), v.minLength(1)), compose_hash: v.optional(bytes) }),
  ),
})

/** @see dstackAgent */
export interface DstackOptions {
  readonly collateral: CollateralSource
  /** Generation of the guest agent. `tappd-0.3` serves dstack 0.3, and has no sealing key. Default `dstack-0.5`. */
  readonly agent?: keyof typeof SOCKETS
  /** Default: where agents of that generation listen. */
  readonly socket?: string
  /** The GPUs of this machine. */
  readonly gpu?: GpuBackend
  /** Unix time in milliseconds, to know what has expired. Default `Date.now`. */
  readonly clock?: () => number
}

/** {@link TeeBackend} in a CVM of dstack. */
export interface DstackBackend extends TeeBackend<TdxEvidence> {
  /**
   * Exact bytes of the app-compose text that this CVM was started from, which is the image manifest of dstack's profile:
   * `imageH` is dstack's compose hash.
   * @throws DcmlError `tee_unavailable`, `tee_answer_malformed` where the text is not that of the measured hash
   */
  manifest(options?: { signal?: AbortSignal }): Promise<Uint8Array>
}

/**
 * The guest agent of dstack over its unix socket. Our report data goes to it whole; the tags that the agent can put before
 * report data are no boundary, since any container of the CVM may ask for any quote: run nothing else beside this one. The
 * event log is handed over as the agent wrote it.
 *
 * Its sealing key comes from `/GetKey`: every instance of one compose file gets the same one from its key provider, and
 * so does every container in it. An app whose compose file can be replaced has none, as the successor would get the key;
 * nor has one whose compose file does not pin its key provider (`key_provider_id`), as the host would choose who knows it.
 */
export function dstackAgent(options: DstackOptions): DstackBackend {
  const { collateral, agent = 'dstack-0.5', socket = SOCKETS[agent], gpu, clock = Date.now } = options
  const call = dstackCalls(socket)
  const isLegacy = agent === 'tappd-0.3'
  const info = isLegacy ? '/prpc/Tappd.Info?json' : '/Info'
  async function manifest({ signal }: { signal?: AbortSignal | undefined } = {}): Promise<Uint8Array> {
    const { app_compose, compose_hash } = (await call({ path: info, body: {}, answer: appSchema, signal })).tcb_info
    const text = utf8(app_compose)
    if (compose_hash !== undefined && !equalBytes(imageH(text), compose_hash))
      throw malformed('the app-compose text is not that of its hash')
    return text
  }
  return {
    name: 'dstack',
    environment: 'production',
    ...(gpu && { gpu }),
    async quote(reportData, { signal } = {}) {
      requireReportData(reportData)
      const report_data = toHex(reportData)
      const { quote, event_log } = await call({
        ...(isLegacy
          ? { path: '/prpc/Tappd.TdxQuote?json', body: { report_data, hash_algorithm: 'raw' } }
          : { path: '/GetQuote', body: { report_data } }),
        answer: quoteSchema,
        signal,
      })
      if (!quotes(quote, reportData)) throw otherReportData()
      return {
        tee: 'tdx',
        quote,
        collateral: await askCurrent(collateral, quote, clock),
        ...(event_log && { eventLog: utf8(event_log) }),
      }
    },
    manifest,
    ...(!isLegacy && {
      async sealingKey({ signal }: { signal?: AbortSignal } = {}) {
        const { app_id, compose_hash } = await call({ path: info, body: {}, answer: infoSchema, signal })
        const text = await manifest({ signal })
        if (!equalBytes(imageH(text), compose_hash)) throw malformed('the app-compose text is not that of its hash')
        if (!equalBytes(app_id, compose_hash.subarray(0, 20))) throw upgradable()
        if (!v.is(pinnedSchema, new TextDecoder().decode(text))) throw unpinned()
        const body = { path: 'dcml/state/1', purpose: 'dcml/state/1' }
        return (await call({ path: '/GetKey', body, answer: keySchema, signal })).key
      },
    }),
  }
}

/** Keys are of an app id. Unless that is the hash of the compose file itself, whoever owns the app adds other files. */
const upgradable = (): DcmlError =>
  new DcmlError('sealing_unsupported', 'The owner of this dstack app may let other compose files have its keys.', {
    hint: 'Deploy without an app id of your own: it is then the first 20 bytes of the compose hash, and so are the keys.',
  })

/** Unpinned, dstack takes keys of whatever provider the host names, and a host that runs one knows them all. */
const unpinned = (): DcmlError =>
  new DcmlError('sealing_unsupported', 'The app-compose file does not say which key provider this dstack app takes.', {
    hint: 'Write the id of one that you trust into key_provider_id: of a KMS its CA key, of a local provider its measurement.',
  })
