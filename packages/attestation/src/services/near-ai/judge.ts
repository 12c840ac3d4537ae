import { concatBytes, equalBytes, toHex, verifyEd25519 } from '@dcml/protocol'
import { sha256 } from '@noble/hashes/sha2.js'
import { Checklist } from '../../checklist.ts'
import { printable, short } from '../../evidence/fields.ts'
import { Refusal } from '../../x509/der.ts'
import { firstCertificate, readKeyBox, spkiH } from '../certificate.ts'
import { NO_CONNECTION, requireTlsKey, serverSpkiH } from '../connection.ts'
import { judgeCompose } from '../dstack/compose.ts'
import { judgeGpus } from '../gpu.ts'
import { conclude, type JudgedPart, type Judgement, type JudgeOptions } from '../judgement.ts'
import { judgeTdx } from '../tdx.ts'
import { NEAR_CHECKS } from './checks.ts'
import { addressOf } from './keys.ts'
import { nearLimits, nearWarnings } from './limits.ts'
import { judgeManager, judgeNonce } from './manager.ts'
import type { NearMachine, NearReport } from './report.ts'

/** Judges the gateway and every model's machine that an answer speaks of. */
export async function judgeNear(report: NearReport, options: JudgeOptions): Promise<Judgement> {
  const parts = await judgeNearParts(report, options)
  return conclude('NEAR AI Cloud', parts, {
    warnings: nearWarnings(report, options),
    notProven: nearLimits(report, options),
  })
}

/** The parts alone, for what is signed by a key in one of them. */
export async function judgeNearParts(report: NearReport, options: JudgeOptions): Promise<JudgedPart[]> {
  const parts: JudgedPart[] = []
  const { gateway, models, tlsCertificate } = report
  if (gateway) parts.push(await judgeMachine('gateway', gateway, options, { isServer: true, tlsCertificate }))
  for (const [i, model] of models.entries()) {
    const name = `model ${i + 1}${model.model_name === undefined ? '' : ` (${printable(model.model_name)})`}`
    // behind a gateway, and where several machines serve one name, only the first of all holds the connection
    const part = await judgeMachine(name, model, options, { isServer: gateway === undefined && i === 0 })
    parts.push(part)
    if (model.compose_manager_attestation) parts.push(await judgeManager(name, model, options))
  }
  return parts
}

interface Place {
  /** Whether this machine is the other end of the connection. */
  readonly isServer: boolean
  readonly tlsCertificate?: string | undefined
}

async function judgeMachine(
  name: string,
  machine: NearMachine,
  options: JudgeOptions,
  { isServer, tlsCertificate }: Place,
): Promise<JudgedPart> {
  const cpu = await judgeTdx(machine.intel_quote, options)
  const list = new Checklist(NEAR_CHECKS)
  const bound = await list.run('service_report_data', [cpu.reportData], (reportData) => {
    requireKeys(machine, reportData)
    return machine
  })
  await judgeNonce(list, cpu.reportData, machine.request_nonce, options)

  const attested = machine.tls_cert_fingerprint
  if (!isServer) list.skip('service_tls_key', 'This machine is not the other end of the connection.')
  else if (serverSpkiH(options.connection) === undefined) list.skip('service_tls_key', NO_CONNECTION)
  else await list.run('service_tls_key', [bound], () => requireTlsKey(attested, options.connection))
  if (tlsCertificate === undefined || attested === undefined)
    list.skip('service_tls_certificate', 'There is no certificate and TLS key to compare.')
  else
    await list.run('service_tls_certificate', [bound], () => {
      const own = spkiH(readKeyBox(firstCertificate(tlsCertificate)).spki)
      if (!equalBytes(own, attested)) throw new Refusal(`its TLS key is ${short(own)}, not ${short(attested)}`)
    })

  await judgeEncryption(list, bound)
  const compose = machine.info?.tcb_info
  const log = machine.event_log ?? compose?.event_log
  const composeH = await judgeCompose(list, cpu.td, { log, text: compose?.app_compose })
  // the nonce that the quote carries, whatever stands beside it
  const gpu = await judgeGpus(machine.nvidia_payload, cpu.reportData?.subarray(32), options)
  const judged = list.finish()
  return {
    name,
    checks: [...cpu.checks, ...judged.checks, ...gpu.checks],
    ok: cpu.ok && judged.ok && gpu.ok,
    environment: cpu.environment,
    facts: {
      ...cpu.facts,
      ...gpu.facts,
      signingKey: toHex(machine.signing_address),
      ...(attested && { tlsSpki: toHex(attested) }),
      ...(composeH && { composeH: toHex(composeH) }),
    },
    warnings: cpu.warnings ?? [],
    needs: [...cpu.needs, ...gpu.needs],
  }
}

/** Address and TLS key are hashed together; where there is no TLS key, the address stands there itself. */
function requireKeys(
  { signing_address: address, tls_cert_fingerprint: tls }: NearMachine,
  reportData: Uint8Array,
): void {
  const expected = tls ? sha256(concatBytes(address, tls)) : concatBytes(address, new Uint8Array(32 - address.length))
  const found = reportData.subarray(0, 32)
  if (!equalBytes(found, expected))
    throw new Refusal(`report data begins ${short(found)}, which does not name these keys (${short(expected)})`)
}

/** Clients of NEAR AI Cloud encrypt to keys that stand beside the quote: each has to lead back to the quoted one. */
async function judgeEncryption(
  list: Pick<Checklist<'service_encryption_key' | 'service_ohttp_key'>, 'run' | 'skip'>,
  bound: NearMachine | undefined,
): Promise<void> {
  if (bound && bound.signing_public_key === undefined)
    list.skip('service_encryption_key', 'The machine tells no key to encrypt to.')
  else
    await list.run('service_encryption_key', [bound], ({ signing_public_key: key, signing_address: address }) => {
      const own = addressOf(key!)
      if (!own || !equalBytes(own, address)) throw new Refusal('its address is not the one that the quote names')
    })
  if (bound && bound.ohttp_attestation === undefined && bound.ohttp_key_config === undefined)
    list.skip('service_ohttp_key', 'The machine offers no Oblivious HTTP.')
  else if (bound && bound.signing_algo === 'ecdsa')
    list.skip('service_ohttp_key', 'It is signed by the Ed25519 key, which this quote does not name: ask for that one.')
  else
    await list.run('service_ohttp_key', [bound], async ({ ohttp_attestation: ohttp, ohttp_key_config, ...machine }) => {
      if (!ohttp) throw new Refusal('nothing attests the key of Oblivious HTTP')
      if (ohttp_key_config && !equalBytes(ohttp_key_config, ohttp.key_config))
        throw new Refusal('another key is offered than the one that is signed')
      if (!equalBytes(ohttp.signing_key, machine.signing_address))
        throw new Refusal('the key that signed it is not the one that the quote names')
      if (!(await verifyEd25519(ohttp.signing_key, ohttp.key_config, ohttp.signature)))
        throw new Refusal('the signature does not verify')
    })
}
