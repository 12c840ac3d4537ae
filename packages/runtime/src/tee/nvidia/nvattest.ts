// NVIDIA's own tool asks the driver: there is no stable interface below it that Node could speak.
import { execFile } from 'node:child_process'
import { DcmlError, equalBytes, fromHex, toHex } from '@dcml/protocol'
import * as v from 'valibot'
import { readX509 } from '../collateral/window.ts'

/** What a device said, not completed yet. */
export interface DeviceReport {
  /** Request and signed response of SPDM 1.1. */
  readonly report: Uint8Array
  /** PEM in strict form, leaf first. */
  readonly certificates: string
}

/** Runs a program without a shell and gives what it wrote to standard output, whatever its exit status. */
export type RunTool = (file: string, args: readonly string[], signal: AbortSignal | undefined) => Promise<string>

/** Longest output that is read, in bytes: eight GPUs write 100 kB. */
const MAX_OUTPUT = 4 * 1024 * 1024
/** For eight GPUs, which the tool asks one after the other. */
const TIMEOUT_MS = 60_000
/** Eight GPUs and four switches are the largest machine of today. */
const MAX_DEVICES = 16
/** Where the nonce lies in the request. */
const NONCE_AT = 4

/** The tool finds the driver's libraries, and hears of nothing else that this process knows. */
const environment = (): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => name === 'PATH' || name === 'LD_LIBRARY_PATH'))

export const runTool: RunTool = (file, args, signal) =>
  new Promise((resolve, reject) => {
    const options = {
      env: environment(),
      maxBuffer: MAX_OUTPUT,
      timeout: TIMEOUT_MS,
      killSignal: 'SIGKILL',
      ...(signal && { signal }),
    } as const
    execFile(file, args, options, (error, stdout) => {
      // a failure of the tool's own is told in its output
      if (error === null || typeof error.code === 'number') resolve(stdout)
      else reject(error)
    })
  })

const base64 = v.pipe(
  v.string(),
  v.maxLength(65_536),
  v.base64(),
  v.transform((text) => Uint8Array.from(Buffer.from(text, 'base64'))),
)
/** What `nvattest collect-evidence --format json` writes (NVIDIA/attestation-sdk, releases of 2026). */
const schema = v.looseObject({
  result_code: v.number(),
  result_message: v.optional(v.string(), ''),
  evidences: v.nullable(
    v.pipe(
      v.array(
        v.looseObject({
          nonce: v.pipe(v.string(), v.regex(/^(?:[0-9a-fA-F]{2}){32}$/)),
          evidence: base64,
          certificate: base64,
        }),
      ),
      v.maxLength(MAX_DEVICES),
    ),
  ),
})

/**
 * Has all devices of one kind sign a nonce.
 * @param nonce 32 bytes
 * @throws DcmlError `gpu_unavailable`, `gpu_answer_malformed`
 */
export async function collectEvidence(
  device: 'gpu' | 'nvswitch',
  nonce: Uint8Array,
  { tool, run, signal }: { tool: string; run: RunTool; signal?: AbortSignal | undefined },
): Promise<DeviceReport[]> {
  const hex = toHex(nonce)
  const args = ['collect-evidence', '--device', device, '--nonce', hex, '--format', 'json', '--log-level', 'off']
  let output: string
  try {
    output = await run(tool, args, signal)
  } catch (cause) {
    signal?.throwIfAborted()
    throw unavailable(`${tool} cannot be run, or does not end`, cause)
  }
  const { result_code, result_message, evidences } = parse(output)
  if (result_code !== 0 || evidences === null)
    throw unavailable(`${tool} says ${result_code}: ${result_message.slice(0, 200)}`)
  if (evidences.length === 0) throw unavailable(`${tool} found no ${device}`)
  return evidences.map((item, i) => {
    const signed = item.evidence.subarray(NONCE_AT, NONCE_AT + nonce.length)
    if (!equalBytes(fromHex(item.nonce), nonce) || !equalBytes(signed, nonce))
      throw malformed(`${device} ${i} signed another nonce`)
    return { report: item.evidence, certificates: strictPem(new TextDecoder().decode(item.certificate)) }
  })
}

function parse(output: string): v.InferOutput<typeof schema> {
  let json: unknown
  try {
    json = JSON.parse(output)
  } catch (cause) {
    throw malformed('it is not JSON', cause)
  }
  const parsed = v.safeParse(schema, json, { abortEarly: true })
  if (!parsed.success) throw malformed(`"${v.getDotPath(parsed.issues[0]) ?? 'the answer'}" is missing or malformed`)
  return parsed.output
}

const PEM = /-----BEGIN CERTIFICATE-----[\w+/=\s]+?-----END CERTIFICATE-----/g

/** In the one form that verifiers read (RFC 7468 §3, strict), in which the drivers' text is not bound to be. */
function strictPem(text: string): string {
  const found = text.match(PEM)
  if (found === null) throw malformed('a device has no certificates')
  try {
    return found.map((pem) => readX509(pem).toString()).join('')
  } catch (cause) {
    throw malformed('a device has a certificate that cannot be read', cause)
  }
}

const unavailable = (why: string, cause?: unknown): DcmlError =>
  new DcmlError('gpu_unavailable', `There is no evidence of the GPUs: ${why}.`, {
    hint: 'Install nvattest of NVIDIA’s attestation SDK with driver and (for switches) NSCQ, and switch confidential computing on.',
    retryable: true,
    cause,
  })

const malformed = (why: string, cause?: unknown): DcmlError =>
  new DcmlError('gpu_answer_malformed', `The evidence of the GPUs cannot be used: ${why}.`, {
    hint: 'Use nvattest of NVIDIA’s attestation SDK, a release of 2026.',
    cause,
  })
