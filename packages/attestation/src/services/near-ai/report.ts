import { toHex } from '@dcml/protocol'
import * as v from 'valibot'
import { eventLog } from '../dstack/compose.ts'
import { hexOf, hexUpTo, maybe, perhapsText, readAs } from '../fields.ts'
import { nvidiaEvidence } from '../nvidia.ts'

/** Machines of one answer that are looked at. */
const MAX_MODELS = 16
const MAX_QUOTE = 32_768

const text = (max: number) => v.pipe(v.string(), v.maxLength(max))
const algorithm = v.picklist(['ecdsa', 'ed25519'])

/** Ethereum addresses have 20 bytes, Ed25519 keys 32. */
const algorithmOf = ({ length }: Uint8Array): v.InferOutput<typeof algorithm> => (length === 20 ? 'ecdsa' : 'ed25519')

const ohttp = v.object({
  signing_algo: algorithm,
  signing_key: hexOf(32),
  key_config: hexUpTo(512),
  signature: hexOf(64),
})

const composeManager = v.object({
  actions: v.pipe(v.array(v.record(text(64), v.unknown())), v.maxLength(4096)),
  actions_hash: hexOf(32),
  quote: hexUpTo(MAX_QUOTE),
  event_log: maybe(eventLog),
})

const info = v.object({
  compose_hash: maybe(hexOf(32)),
  app_name: maybe(text(256)),
  tcb_info: maybe(perhapsText(v.object({ app_compose: maybe(text(262_144)), event_log: maybe(eventLog) }), 1_048_576)),
})

const machine = v.pipe(
  v.object({
    model_name: maybe(text(256)),
    signing_address: v.pipe(
      hexUpTo(32),
      v.check(({ length }) => length === 20 || length === 32, 'not 20 or 32 bytes'),
    ),
    signing_algo: maybe(algorithm),
    signing_public_key: maybe(hexUpTo(65)),
    request_nonce: maybe(hexOf(32)),
    intel_quote: hexUpTo(MAX_QUOTE),
    nvidia_payload: maybe(perhapsText(nvidiaEvidence, 1_048_576)),
    event_log: maybe(eventLog),
    info: maybe(info),
    tls_cert_fingerprint: maybe(hexOf(32)),
    ohttp_attestation: maybe(ohttp),
    ohttp_key_config: maybe(hexUpTo(512)),
    compose_manager_attestation: maybe(composeManager),
  }),
  v.transform(({ signing_algo, ...rest }) => ({
    ...rest,
    signing_algo: signing_algo ?? algorithmOf(rest.signing_address),
  })),
  // by its algorithm it is decided what a key has to have signed
  v.check(
    ({ signing_algo, signing_address }) => signing_algo === algorithmOf(signing_address),
    'signing_algo is not that of such an address',
  ),
)
const machines = v.pipe(v.array(machine), v.maxLength(MAX_MODELS))

/** One TDX machine of NEAR AI Cloud, as it describes itself. */
export type NearMachine = v.InferOutput<typeof machine>

/** An answer to `GET /v1/attestation/report`: of the gateway with models behind it, or of one model's machines. */
export interface NearReport {
  readonly gateway: NearMachine | undefined
  readonly models: readonly NearMachine[]
  /** PEM of what the gateway says is its TLS certificate. */
  readonly tlsCertificate: string | undefined
}

const wrapped = v.object({
  gateway_attestation: machine,
  model_attestations: maybe(machines),
  tls_certificate: maybe(text(65_536)),
  ohttp_attestation: maybe(ohttp),
  ohttp_key_config: maybe(hexUpTo(512)),
})
const flat = v.intersect([machine, v.object({ all_attestations: maybe(machines) })])

/** Whether an object looks like a report. */
export const isNearReport = (json: object): boolean =>
  'gateway_attestation' in json || ('intel_quote' in json && 'signing_address' in json)

const textOf = (machine: NearMachine): string =>
  JSON.stringify(machine, (_, value) => (value instanceof Uint8Array ? toHex(value) : value))

/** @throws DcmlError `service_evidence_malformed` */
export function readNearReport(json: object): NearReport {
  if (!('gateway_attestation' in json)) {
    const { all_attestations: all = [], ...own } = readAs('a report of NEAR AI Cloud', flat, json)
    // whoever takes keys from the list takes them from there: only what is the same in every member is judged already
    const others = all.filter((other) => textOf(other) !== textOf(own))
    return { gateway: undefined, models: [own, ...others], tlsCertificate: undefined }
  }
  const answer = readAs('a report of NEAR AI Cloud', wrapped, json)
  const { gateway_attestation: gateway, model_attestations: models = [], tls_certificate: tlsCertificate } = answer
  // the gateway's own OHTTP key stands beside it, those of models stand inside
  const { ohttp_attestation, ohttp_key_config } = answer
  return { gateway: { ...gateway, ohttp_attestation, ohttp_key_config }, models, tlsCertificate }
}
