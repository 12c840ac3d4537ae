import { formatEventLog, type TdxEvidence, type TeeBackend } from '@dcml/attestation'
import { DcmlError, equalBytes, fromHex, toHex } from '@dcml/protocol'
import { Agent, fetch } from 'undici'
import * as v from 'valibot'
import type { CollateralSource } from './collateral.ts'

const SOCKET = '/var/run/dstack.sock'
const MAX_ANSWER = 4 * 1024 * 1024

const hexText = v.pipe(v.string(), v.regex(/^(?:0x)?(?:[0-9a-fA-F]{2})+$/))
const bytes = v.pipe(
  hexText,
  v.transform((text) => fromHex(stripped(text))),
)
const quoteSchema = v.looseObject({
  quote: hexText,
  /** JSON text of the events behind the RTMRs. */
  event_log: v.nullish(v.string()),
  report_data: v.nullish(v.string()),
})
const infoSchema = v.looseObject({ app_id: bytes, compose_hash: bytes })
const keySchema = v.looseObject({ key: v.pipe(bytes, v.length(32)) })

/**
 * The guest agent of dstack (0.5 and later): `POST /GetQuote` over a unix socket. Our report data goes to it whole;
 * the agent's own tags are no boundary, since any container of the CVM may call it.
 *
 * Its sealing key comes from `/GetKey`: every instance of one compose file gets the same one from its key provider, and
 * so does every container in it. An app whose compose file can be replaced has none, as the successor would get the key.
 */
export function dstackAgent(options: { collateral: CollateralSource; socket?: string }): TeeBackend<TdxEvidence> {
  const socketPath = options.socket ?? SOCKET
  const dispatcher = new Agent({ connect: { socketPath }, connections: 4, maxResponseSize: MAX_ANSWER })
  return {
    name: 'dstack',
    environment: 'production',
    async quote(reportData, { signal } = {}) {
      if (reportData.length !== 64)
        throw new DcmlError('tee_report_data', `Report data has ${reportData.length} bytes, not 64.`, {
          hint: 'Pass 64 bytes.',
        })
      const sent = toHex(reportData)
      const body = { report_data: sent }
      const answer = await ask(dispatcher, { method: 'GetQuote', body, answer: quoteSchema, signal })
      if (answer.report_data && stripped(answer.report_data).toLowerCase() !== sent)
        throw malformed('it quotes other report data than it was given')
      const quote = fromHex(stripped(answer.quote))
      return {
        tee: 'tdx',
        quote,
        collateral: await options.collateral(quote),
        ...(answer.event_log && { eventLog: eventLog(answer.event_log) }),
      }
    },
    async sealingKey({ signal } = {}) {
      const info = await ask(dispatcher, { method: 'Info', body: {}, answer: infoSchema, signal })
      if (!equalBytes(info.app_id, info.compose_hash.subarray(0, 20))) throw upgradable()
      const body = { path: 'dcml/state/1', purpose: 'dcml/state/1' }
      return (await ask(dispatcher, { method: 'GetKey', body, answer: keySchema, signal })).key
    },
  }
}

/** Keys are of an app id. Unless that is the hash of the compose file itself, whoever owns the app adds other files. */
const upgradable = (): DcmlError =>
  new DcmlError('sealing_unsupported', 'The owner of this dstack app may let other compose files have its keys.', {
    hint: 'Deploy without an app id of your own: it is then the first 20 bytes of the compose hash, and so are the keys.',
  })

interface Question<T> {
  readonly method: 'GetQuote' | 'GetKey' | 'Info'
  readonly body: Readonly<Record<string, string>>
  readonly answer: v.GenericSchema<unknown, T>
  readonly signal?: AbortSignal | undefined
}

async function ask<T>(dispatcher: Agent, { method, body, answer, signal }: Question<T>): Promise<T> {
  let status: number
  let json: unknown
  try {
    const response = await fetch(`http://dstack/${method}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      dispatcher,
      signal: signal ?? null,
    })
    status = response.status
    json = await response.json().catch(() => undefined)
  } catch (cause) {
    signal?.throwIfAborted()
    throw new DcmlError('tee_unavailable', 'The dstack guest agent does not answer.', {
      hint: 'Map /var/run/dstack.sock into this container.',
      retryable: true,
      cause,
    })
  }
  if (status !== 200)
    throw new DcmlError('tee_unavailable', `The dstack guest agent answered ${status}.`, {
      hint: 'See the log of the guest agent.',
      retryable: status >= 500,
      details: { status },
    })
  const parsed = v.safeParse(answer, json)
  if (!parsed.success) throw malformed(`"${v.getDotPath(parsed.issues[0]) ?? 'the answer'}" is missing or malformed`)
  return parsed.output
}

const eventsSchema = v.array(
  v.looseObject({
    imr: v.number(),
    event: v.string(),
    digest: hexText,
    event_payload: v.pipe(v.string(), v.regex(/^(?:[0-9a-fA-F]{2})*$/)),
  }),
)

/** The agent's log in our form. Payloads count in RTMR3 only, where the names of events mean something. */
function eventLog(text: string): Uint8Array {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    throw malformed('its event log is not JSON')
  }
  const parsed = v.safeParse(eventsSchema, json)
  if (!parsed.success) throw malformed(`its event log is malformed at ${v.getDotPath(parsed.issues[0])}`)
  return formatEventLog(
    parsed.output.map(({ imr, event, digest, event_payload: payload }) => ({
      imr,
      event,
      digest: fromHex(digest),
      payload: imr === 3 ? fromHex(payload) : new Uint8Array(),
    })),
  )
}

const stripped = (text: string): string => text.replace(/^0x/, '')

const malformed = (why: string): DcmlError =>
  new DcmlError('tee_answer_malformed', `The answer of the dstack guest agent cannot be used: ${why}.`, {
    hint: 'Use a guest agent of version 0.5 or later.',
  })
