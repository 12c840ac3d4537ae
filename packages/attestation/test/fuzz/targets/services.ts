import { gzipSync } from 'node:zlib'
import { concatBytes, toHex, utf8 } from '@dcml/protocol'
import { curveOf, firstCertificate, MAX_CERTIFICATE, readKeyBox } from '../../../src/services/certificate.ts'
import { readAttestation } from '../../../src/services/dstack/attestation.ts'
import { gunzip } from '../../../src/services/gunzip.ts'
import { memberSpan } from '../../../src/services/json-text.ts'
import { hashesOf } from '../../../src/services/near-ai/signature.ts'
import { MAX_SERVICE_EVIDENCE, recognise } from '../../../src/services/recognise.ts'
import {
  certificatePem,
  gpus,
  machine,
  nearGateway,
  nearMachine,
  nearSignature,
  raTls,
  spki,
  tinfoil,
} from '../../services-world.ts'
import type { Target } from '../target.ts'
import { evidenceJson, jsonOf, parsed, platform, quotes, textOf } from './world.ts'

const { log, quote } = machine()
const quoted = quote(new Uint8Array(64))
const dstackAnswer = { quote: toHex(quoted), event_log: JSON.stringify(log), report_data: '00'.repeat(64) }
const TINFOIL_V2 = 'https://tinfoil.sh/predicate/tdx-guest/v2'
const tinfoilV2 = { format: TINFOIL_V2, body: gzipSync(quoted).toString('base64') }
const bundle = { enclaveAttestationReport: tinfoilV2, enclaveCert: certificatePem }
const { list } = await gpus(1)
const hash64 = 'ab'.repeat(32)

/** Answers of every service that is recognised, in JSON. */
export const answers: readonly Uint8Array[] = [
  jsonOf(nearMachine()),
  jsonOf(nearMachine({ algorithm: 'ecdsa', tls: false })),
  jsonOf(nearGateway()),
  jsonOf(nearSignature(`${hash64}:${hash64}`, 'ed25519')),
  jsonOf(dstackAnswer),
  jsonOf({ app_cert: certificatePemOf(raTls()), tcb_info: '{"app_compose":"{}"}', app_name: 'app' }),
  jsonOf(tinfoilV2),
  jsonOf(bundle),
  utf8(await tinfoil()),
  jsonOf(list),
  jsonOf({ evidence_list: list }),
  evidenceJson[0]!,
]

function certificatePemOf(der: Uint8Array): string {
  return `-----BEGIN CERTIFICATE-----\n${Buffer.from(der).toString('base64')}\n-----END CERTIFICATE-----\n`
}

const compact = (length: number): Uint8Array =>
  length < 64 ? Uint8Array.of(length << 2) : Uint8Array.of(((length & 63) << 2) | 1, length >> 6)
const scale = (bytes: Uint8Array): Uint8Array =>
  bytes.length < 16_384 ? concatBytes(compact(bytes.length), bytes) : new Uint8Array()
/** dstack's own encoding: a quote, two events, one run-time event again, report data, configuration. */
const attestation = concatBytes(
  Uint8Array.of(0, 0),
  scale(quoted),
  compact(2),
  ...[1, 2].map((i) =>
    concatBytes(
      Uint8Array.of(3, 0, 0, 0, 1, 0, 0, 8),
      scale(new Uint8Array(48).fill(i)),
      scale(utf8('app-id')),
      scale(new Uint8Array(20)),
    ),
  ),
  compact(1),
  scale(utf8('app-id')),
  scale(new Uint8Array(20)),
  new Uint8Array(64),
  scale(utf8('{}')),
)

const MALFORMED = 'service_evidence_malformed'

export const services: readonly Target[] = [
  {
    name: "other services' answers",
    form: 'json',
    seeds: answers,
    longest: MAX_SERVICE_EVIDENCE,
    memory: 384,
    refusals: [MALFORMED],
    share: 0.3,
    bombs: [() => utf8('ab'.repeat(MAX_SERVICE_EVIDENCE / 2))],
    parse: recognise,
  },
  {
    name: "other services' bytes",
    form: 'der',
    seeds: [raTls(), quotes[0]!, platform!.report, utf8(certificatePem)],
    longest: MAX_SERVICE_EVIDENCE,
    memory: 64,
    refusals: [MALFORMED],
    share: 0.3,
    parse: recognise,
  },
  {
    name: 'attestation of dstack',
    form: 'bytes',
    seeds: [attestation],
    longest: 65_536,
    memory: 4,
    refusals: ['Refusal'],
    parse: readAttestation,
  },
  {
    name: 'certificate of a TLS server',
    form: 'der',
    seeds: [raTls(), firstCertificate(certificatePem)],
    longest: MAX_CERTIFICATE,
    memory: 8,
    refusals: ['Refusal'],
    parse: (der) => curveOf(readKeyBox(der).spki),
  },
  {
    name: 'key of a TLS server',
    form: 'der',
    seeds: [spki],
    longest: MAX_CERTIFICATE,
    memory: 4,
    refusals: ['Refusal'],
    parse: curveOf,
  },
  {
    name: 'PEM of a TLS server',
    form: 'text',
    seeds: [utf8(certificatePem)],
    longest: 131_072,
    memory: 8,
    refusals: ['Refusal'],
    parse: (text) => firstCertificate(textOf(text)),
  },
  {
    name: 'compressed report',
    form: 'bytes',
    seeds: [gzipSync(quoted), gzipSync(new Uint8Array(32_768))].map((bytes) => Uint8Array.from(bytes)),
    longest: 65_536,
    memory: 4,
    refusals: ['Refusal'],
    share: 0.05,
    bombs: [() => Uint8Array.from(gzipSync(new Uint8Array(2 ** 26)))],
    parse: (bytes) => gunzip(bytes, 32_768),
  },
  {
    name: 'text that was signed',
    form: 'json',
    seeds: [answers[8]!, jsonOf({ signature: '', a: [1, { b: 'c"}' }], signed: true })],
    longest: 1_048_576,
    memory: 64,
    refusals: ['Refusal'],
    share: 0.3,
    parse(json) {
      parsed(json)
      return memberSpan(textOf(json), 'signature')
    },
  },
  {
    name: 'text that NEAR AI signed',
    form: 'text',
    seeds: [utf8(`${hash64}:${hash64}`), utf8(`a/model:${hash64}:${hash64}`)],
    longest: 1024,
    memory: 1,
    refusals: [],
    parse: (text) => hashesOf(textOf(text)),
  },
]
