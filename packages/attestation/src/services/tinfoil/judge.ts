import { concatBytes, equalBytes, toHex, utf8 } from '@dcml/protocol'
import { sha256 } from '@noble/hashes/sha2.js'
import { Checklist } from '../../checklist.ts'
import { short } from '../../evidence/fields.ts'
import { Refusal } from '../../x509/der.ts'
import { ecdsaSha256, firstCertificate, readKeyBox, spkiH } from '../certificate.ts'
import { NO_CONNECTION, NO_NONCE, requireTlsKey, serverSpkiH } from '../connection.ts'
import { judgeGpus } from '../gpu.ts'
import { gunzip } from '../gunzip.ts'
import { conclude, type Judgement, type JudgeOptions } from '../judgement.ts'
import { keyBinding } from '../limits.ts'
import type { NvidiaEvidence } from '../nvidia.ts'
import { judgeSnp } from '../snp.ts'
import { type JudgedCpu, judgeTdx } from '../tdx.ts'
import { memberText, signedText, type TinfoilEvidence, type TinfoilV3 } from './document.ts'
import { tinfoilLimits } from './limits.ts'

/** Every check of a Tinfoil enclave beyond those of its TEE and GPUs. */
export const TINFOIL_CHECKS = {
  service_document: 'The compressed report can be read.',
  service_report_data:
    'The report names the TLS key, the key that clients encrypt to and, in version 3, what else is hashed.',
  service_nonce: 'The report names the nonce that was sent.',
  service_tls_key: 'The TLS key of the connection is the one that the report names.',
  service_tls_certificate: 'The certificate in the document has that TLS key.',
  service_signature: 'That TLS key signed the whole document.',
  service_gpu_hash: 'The report names SHA-256 of the exact text of the GPU evidence.',
  service_switch_hash: 'The report names SHA-256 of the exact text of the NVSwitch evidence.',
} as const

type TinfoilChecklist = Checklist<keyof typeof TINFOIL_CHECKS>

/** Longest report after decompression: a quote with its certificates has 5 kB. */
const MAX_REPORT = 65_536

/** Judges an attestation document of version 2 or 3. */
export async function judgeTinfoil(document: TinfoilEvidence, options: JudgeOptions): Promise<Judgement> {
  const list: TinfoilChecklist = new Checklist(TINFOIL_CHECKS)
  const { platform, report } = await reportOf(list, document)
  const cpu = report ? await judgeCpu(document, platform, report, options) : NOTHING
  const keys = await judgeReportData(list, cpu.reportData, document)
  await judgeConnection(list, keys, document, options)
  await judgeText(list, keys, document)
  const judged = list.finish()
  const isV3 = document.version === 3
  const gpu = await judgeGpus(
    isV3 ? devicesOf(document) : undefined,
    isV3 ? document.report_data.nonce : undefined,
    options,
  )
  const part = {
    name: 'enclave',
    checks: [...cpu.checks, ...judged.checks, ...gpu.checks],
    ok: cpu.ok && judged.ok && gpu.ok,
    environment: cpu.environment,
    facts: {
      ...cpu.facts,
      ...gpu.facts,
      ...(keys && { tlsSpki: toHex(keys.tls), hpkeKey: toHex(keys.hpke) }),
    },
    limits: cpu.limits ?? [],
    warnings: cpu.warnings ?? [],
    needs: [...cpu.needs, ...gpu.needs],
  }
  return conclude('Tinfoil', [part], {
    warnings: keyBinding(options),
    notProven: tinfoilLimits(document, options),
  })
}

/** GPUs and the switches between them are one machine: neither says anything without the other. */
function devicesOf({ gpu, nvswitch }: TinfoilV3): NvidiaEvidence | undefined {
  if (!gpu && !nvswitch) return undefined
  const switches = (nvswitch?.devices ?? []).map((device) => ({ ...device, kind: 'switch' as const }))
  return { devices: [...(gpu?.devices ?? []), ...switches], nonce: undefined }
}

const judgeCpu = (document: TinfoilEvidence, platform: 'tdx' | 'snp', report: Uint8Array, options: JudgeOptions) =>
  platform === 'tdx'
    ? judgeTdx(report, options)
    : judgeSnp(report, options, document.version === 2 ? document.vcek : undefined)

const NOTHING: JudgedCpu = {
  ok: false,
  checks: [],
  environment: undefined,
  reportData: undefined,
  facts: {},
  needs: [],
}

async function reportOf(list: TinfoilChecklist, document: TinfoilEvidence) {
  if (document.version === 2) {
    const report = await list.run('service_document', [], () => gunzip(document.body, MAX_REPORT))
    return { platform: document.platform, report }
  }
  list.skip('service_document', 'Version 3 compresses nothing.')
  return document.cpu
}

interface Keys {
  readonly tls: Uint8Array
  readonly hpke: Uint8Array
}

/** Keys are taken from here and from nowhere else. */
const judgeReportData = (list: TinfoilChecklist, reportData: Uint8Array | undefined, document: TinfoilEvidence) =>
  list.run('service_report_data', [reportData], (data): Keys => {
    if (document.version === 2) return { tls: data.subarray(0, 32), hpke: data.subarray(32) }
    const { tls_key_fp: tls, hpke_key: hpke, nonce, gpu_evidence_hash, nvswitch_evidence_hash } = document.report_data
    const hashed = [tls, hpke, nonce, gpu_evidence_hash, nvswitch_evidence_hash].filter((bytes) => bytes !== undefined)
    const expected = concatBytes(sha256(concatBytes(...hashed)), new Uint8Array(32))
    if (!equalBytes(data, expected))
      throw new Refusal(`report data is ${short(data)}, which does not name these keys (${short(expected)})`)
    return { tls, hpke }
  })

async function judgeConnection(
  list: TinfoilChecklist,
  keys: Keys | undefined,
  document: TinfoilEvidence,
  { connection }: JudgeOptions,
): Promise<void> {
  const nonce = connection?.nonce
  if (document.version === 2) list.skip('service_nonce', 'Version 2 takes no nonce: the report is as old as the keys.')
  else if (nonce === undefined) list.skip('service_nonce', NO_NONCE)
  else
    await list.run('service_nonce', [keys], () => {
      const { nonce: found } = document.report_data
      if (!equalBytes(found, nonce)) throw new Refusal(`the report names ${short(found)}, not ${short(nonce)}`)
    })
  if (serverSpkiH(connection) === undefined) list.skip('service_tls_key', NO_CONNECTION)
  else await list.run('service_tls_key', [keys], ({ tls }) => requireTlsKey(tls, connection))
}

/** What is tied to the report over its text: certificate, signature, GPU evidence. */
async function judgeText(list: TinfoilChecklist, keys: Keys | undefined, document: TinfoilEvidence): Promise<void> {
  const { certificate: pem } = document
  if (pem === undefined) list.skip('service_tls_certificate', 'No certificate came along.')
  const spki =
    pem !== undefined
      ? await list.run('service_tls_certificate', [keys], ({ tls }) => {
          const found = readKeyBox(firstCertificate(pem)).spki
          if (!equalBytes(spkiH(found), tls))
            throw new Refusal(`its TLS key is ${short(spkiH(found))}, not ${short(tls)}`)
          return found
        })
      : undefined
  if (document.version === 2) {
    list.skip('service_signature', 'Version 2 signs nothing beside the report.')
    list.skip('service_gpu_hash', NO_GPU)
    list.skip('service_switch_hash', NO_GPU)
    return
  }
  const { signature, text } = document
  if (signature === undefined || pem === undefined) list.skip('service_signature', 'No signature came along.')
  else {
    const genuine = await list.run('service_signature', [spki], async (key) => {
      const verdict = await ecdsaSha256(key, utf8(signedText(text) ?? ''), signature)
      if (verdict === false) throw new Refusal('the signature does not verify')
      return { verdict }
    })
    if (genuine && genuine.verdict === undefined)
      list.skip('service_signature', 'The key is of a kind that is not verified here, or there is no WebCrypto.')
  }
  await judgeHash(list, 'service_gpu_hash', keys, document, 'gpu', document.report_data.gpu_evidence_hash)
  await judgeHash(list, 'service_switch_hash', keys, document, 'nvswitch', document.report_data.nvswitch_evidence_hash)
}

const NO_GPU = 'The document has none, and the report names none.'

/**
 * The same value as NVIDIA's tool prints it. The enclave hashes what the tool printed, and its server takes the spaces out
 * when it sends that on (13rac1/teep, docs on Tinfoil's NVSwitch evidence).
 */
const asCollected = (exact: string): string => `${JSON.stringify(JSON.parse(exact), undefined, 4)}\n`

async function judgeHash(
  list: TinfoilChecklist,
  name: 'service_gpu_hash' | 'service_switch_hash',
  keys: Keys | undefined,
  { text, ...document }: TinfoilV3,
  member: 'gpu' | 'nvswitch',
  named: Uint8Array | undefined,
): Promise<void> {
  const exact = document[member] && memberText(text, member)
  if (named === undefined && exact === undefined) return list.skip(name, NO_GPU)
  await list.run(name, [keys], () => {
    if (exact === undefined) throw new Refusal('the report names evidence that did not come along')
    if (named === undefined) throw new Refusal('the report names none: this evidence may be of any machine')
    const found = sha256(utf8(exact))
    const forms = member === 'nvswitch' ? [found, sha256(utf8(asCollected(exact)))] : [found]
    if (!forms.some((form) => equalBytes(form, named)))
      throw new Refusal(`its text has SHA-256 ${short(found)}, the report names ${short(named)}`)
  })
}
