import { imageH, jsonMember, type TdxCollateral } from '@dcml/attestation'
import { concatBytes, fromHex, toHex, utf8 } from '@dcml/protocol'
import type { Target } from '../../../attestation/test/fuzz/target.ts'
import {
  certificates,
  collateral,
  crls,
  hopper,
  jsonOf,
  now,
  platform,
  quotes,
  textOf,
} from '../../../attestation/test/fuzz/targets/world.ts'
import { askCurrent } from '../../src/tee/collateral/source.ts'
import { crlWindow } from '../../src/tee/collateral/window.ts'
import { dstackAgent } from '../../src/tee/dstack.ts'
import { collectEvidence } from '../../src/tee/nvidia/nvattest.ts'
import { revocationSource } from '../../src/tee/nvidia/ocsp.ts'
import { rimIds } from '../../src/tee/nvidia/rim-id.ts'
import { rimCertificates, rimService } from '../../src/tee/nvidia/rims.ts'
import { readCertTable } from '../../src/tee/snp/cert-table.ts'
import { amdKds } from '../../src/tee/snp/certificates.ts'
import { snpIdentity } from '../../src/tee/snp/report.ts'
import { collateralService, collateralSource } from '../../src/tee/tdx/collateral.ts'
import { readCollateral } from '../../src/tee/tdx/kind.ts'
import { pckIdentity } from '../../src/tee/tdx/pck.ts'
import { agent, fetchOf } from './answers.ts'

const { report, vek, ask, ark } = platform!
const [quote] = quotes as [Uint8Array]
const clock = () => now.getTime()
const UNAVAILABLE = ['tee_collateral_unavailable', 'tee_collateral_expired']
const LONGEST_ANSWER = 4 * 1024 * 1024

const u32 = (value: number) => Uint8Array.of(value & 0xff, (value >> 8) & 0xff, (value >> 16) & 0xff, value >>> 24)
/** VCEK, ASK and ARK as the host lays them beside a report. */
const table = (() => {
  const guids = [
    '63da758de6644564adc5f4b93be8accd',
    '4ab7b379bbac4fe4a02f05aef327c782',
    'c0b406a4a803495297433fb6014cd0ae',
  ]
  const parts = [vek, ask, ark]
  let at = 24 * 4
  const entries = parts.map((part, i) => {
    const entry = concatBytes(fromHex(guids[i]!), u32(at), u32(part.length))
    at += part.length
    return entry
  })
  return concatBytes(...entries, new Uint8Array(24), ...parts)
})()

const pem = (...ders: Uint8Array[]) =>
  ders
    .map((der) => `-----BEGIN CERTIFICATE-----\n${Buffer.from(der).toString('base64')}\n-----END CERTIFICATE-----\n`)
    .join('')
const tcbAnswer = utf8(`{"tcbInfo":${collateral.tcb_info},"signature":"${collateral.tcb_info_signature}"}`)
const chain = (name: string, pem = collateral.tcb_info_issuer_chain) => ({ [name]: encodeURIComponent(pem) })
const intel = (tcb: Uint8Array) =>
  collateralService({
    url: 'https://pccs.test',
    fetch: fetchOf({
      pckcrl: {
        body: fromHex(collateral.pck_crl),
        headers: chain('sgx-pck-crl-issuer-chain', collateral.pck_crl_issuer_chain),
      },
      rootcacrl: { body: collateral.root_ca_crl },
      'tcb?': { body: tcb, headers: chain('tcb-info-issuer-chain') },
      identity: {
        body: `{"enclaveIdentity":${collateral.qe_identity},"signature":"${collateral.qe_identity_signature}"}`,
        headers: chain('sgx-enclave-identity-issuer-chain'),
      },
    }),
  })

const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64')
const signedNonce = hopper[0]!.report.subarray(4, 36)
const evidences = hopper
  .filter(({ kind }) => kind === 'gpu')
  .map((device) => ({
    nonce: toHex(signedNonce),
    evidence: base64(device.report),
    certificate: base64(utf8(device.certificates)),
  }))

const guest = await agent()
const dstack = dstackAgent({
  collateral: collateralSource('test', async () => collateral as TdxCollateral),
  socket: guest.socket,
  clock,
})
const composeText = '{"key_provider_id":"ab"}'
const composeHash = toHex(imageH(utf8(composeText)))
const app = {
  app_id: composeHash.slice(0, 40),
  compose_hash: composeHash,
  tcb_info: JSON.stringify({ app_compose: composeText, compose_hash: composeHash }),
  key: 'cd'.repeat(32),
}
const RIM = 'NV_GPU_DRIVER_GH100_550.144.03'
const [rim] = hopper[0]!.rims as [string]
const DSTACK = ['tee_answer_malformed', 'tee_unavailable', 'tee_quote_unreadable', ...UNAVAILABLE]

/** Everything that the TEE backends of the runtime read from hosts, tools and services. */
export const targets: readonly Target[] = [
  {
    name: 'certificate table of a host',
    form: 'bytes',
    seeds: [table, new Uint8Array(4096)],
    longest: 65_536,
    memory: 4,
    refusals: ['tee_cert_table_malformed'],
    parse: readCertTable,
  },
  {
    name: 'report of SEV-SNP, for what it needs',
    form: 'bytes',
    seeds: [report],
    longest: 1184,
    memory: 1,
    refusals: ['tee_quote_unreadable'],
    parse: (bytes) => snpIdentity(bytes),
  },
  {
    name: 'TDX quote, for what it needs',
    form: 'bytes',
    seeds: quotes,
    longest: 65_536,
    memory: 4,
    refusals: ['tee_quote_unreadable'],
    parse: pckIdentity,
  },
  {
    name: 'CRL, for its window',
    form: 'der',
    seeds: crls,
    longest: LONGEST_ANSWER,
    memory: 8,
    refusals: UNAVAILABLE,
    parse: crlWindow,
  },
  {
    name: 'OCSP response',
    form: 'der',
    seeds: hopper.flatMap(({ revocations }) => revocations).slice(0, 1),
    longest: LONGEST_ANSWER,
    memory: 8,
    refusals: UNAVAILABLE,
    parse(der) {
      const source = revocationSource('test', async () => der)
      return askCurrent(source, { certificate: certificates.nvidia[1]!, issuer: certificates.nvidia[2]! }, clock)
    },
  },
  {
    name: 'member of signed JSON',
    form: 'json',
    seeds: [tcbAnswer],
    longest: 262_144,
    memory: 16,
    refusals: ['SyntaxError'],
    parse(json) {
      const text = textOf(json)
      try {
        JSON.parse(text)
      } catch {
        return undefined // never asked for a member of that
      }
      return jsonMember(text, 'tcbInfo')
    },
  },
  {
    name: "answer of Intel's service",
    form: 'json',
    seeds: [tcbAnswer],
    longest: LONGEST_ANSWER,
    memory: 256,
    refusals: UNAVAILABLE,
    share: 0.2,
    parse: (tcb) => askCurrent(intel(tcb), quote, clock),
  },
  {
    name: 'collateral in a file',
    form: 'json',
    seeds: [jsonOf(collateral)],
    longest: LONGEST_ANSWER,
    memory: 256,
    refusals: UNAVAILABLE,
    share: 0.2,
    parse: (json) =>
      askCurrent(
        collateralSource('test', async () => readCollateral(textOf(json))),
        quote,
        clock,
      ),
  },
  {
    name: "chain of AMD's service",
    form: 'text',
    seeds: [utf8(pem(ask, ark))],
    longest: LONGEST_ANSWER,
    memory: 64,
    refusals: UNAVAILABLE,
    share: 0.1,
    parse(body) {
      const fetch = fetchOf({ cert_chain: { body }, '/crl': { body: platform!.crl! } })
      return askCurrent(amdKds({ url: 'https://kds.test', fetch }), { report, vek }, clock)
    },
  },
  {
    name: "RIM of NVIDIA's service",
    form: 'json',
    seeds: [jsonOf({ id: RIM, rim: base64(utf8(rim)) })],
    longest: LONGEST_ANSWER,
    memory: 256,
    refusals: UNAVAILABLE,
    share: 0.2,
    parse: (body) => askCurrent(rimService({ url: 'https://rim.test', fetch: fetchOf({ rim: { body } }) }), RIM, clock),
  },
  {
    name: 'certificates of a RIM',
    form: 'text',
    seeds: [utf8(rim)],
    longest: 1_048_576,
    memory: 16,
    refusals: [],
    share: 0.3,
    parse: (xml) => rimCertificates(textOf(xml)),
  },
  {
    name: 'report of a GPU, for its RIMs',
    form: 'bytes',
    seeds: hopper.filter(({ kind }) => kind === 'gpu').map((device) => device.report),
    longest: 65_536,
    memory: 4,
    refusals: ['gpu_answer_malformed'],
    parse: (report) => rimIds({ kind: 'gpu', report, certificates: hopper[0]!.certificates }),
  },
  {
    name: 'output of nvattest',
    form: 'json',
    seeds: [jsonOf({ result_code: 0, result_message: 'Ok', evidences })],
    longest: LONGEST_ANSWER,
    memory: 256,
    refusals: ['gpu_unavailable', 'gpu_answer_malformed'],
    share: 0.2,
    parse: (output) => collectEvidence('gpu', signedNonce, { tool: 'nvattest', run: async () => textOf(output) }),
  },
  {
    name: 'answer of dstack to a quote',
    form: 'json',
    seeds: [jsonOf({ quote: toHex(quote), event_log: '[]' })],
    longest: LONGEST_ANSWER,
    memory: 256,
    refusals: DSTACK,
    share: 0.02,
    parse(body) {
      guest.answer(body)
      return dstack.quote(new Uint8Array(64))
    },
  },
  {
    name: 'answer of dstack about its app',
    form: 'json',
    seeds: [jsonOf(app)],
    longest: LONGEST_ANSWER,
    memory: 256,
    refusals: DSTACK,
    share: 0.02,
    parse(body) {
      guest.answer(body)
      return dstack.manifest()
    },
  },
  {
    name: "answer of dstack about its app's key",
    form: 'json',
    seeds: [jsonOf(app)],
    longest: LONGEST_ANSWER,
    memory: 256,
    refusals: [...DSTACK, 'sealing_unsupported'],
    share: 0.02,
    parse(body) {
      guest.answer(body)
      return dstack.sealingKey!()
    },
  },
]
