// Look-alikes of what other services answer, minted under development roots: every byte of them can be bent in a test.
import { createHash, createPrivateKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { fromHex, toHex, utf8 } from '@dcml/protocol'
import { createSimulator } from '@dcml/tee-simulator'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { eventDigest, extendRegister } from '../src/evidence/event-log.ts'
import { selfSignedCertificate } from '../src/node/certificate.ts'
import { firstCertificate } from '../src/services/certificate.ts'
import { addressOf, personalMessageH } from '../src/services/near-ai/keys.ts'
import { type Judgement, type JudgeOptions, judge, recognise, servicePolicy } from '../src/services.ts'
import { DerReader, TAG } from '../src/x509/der.ts'

export const now = new Date('2026-11-21T12:00:00Z')
export const simulator = await createSimulator({ now })

export const hash = (name: string, ...parts: Uint8Array[]): Uint8Array => {
  const sum = createHash(name)
  for (const part of parts) sum.update(part)
  return Uint8Array.from(sum.digest())
}

/** What every judgement of this world takes. */
export const options: JudgeOptions = {
  now,
  policy: { ...servicePolicy, environment: 'development' } as const,
  roots: simulator.roots,
  collateral: [simulator.collateral()],
}

export const judgeText = (answer: unknown, more: Partial<JudgeOptions> = {}): Promise<Judgement> =>
  judge(recognise(typeof answer === 'string' ? answer : JSON.stringify(answer))!, { ...options, ...more })

export const failed = ({ checks }: Judgement): string[] =>
  checks.filter(({ status }) => status === 'fail').map(({ name }) => name)

export const passed = ({ checks }: Judgement): string[] =>
  checks.filter(({ status }) => status === 'pass').map(({ name }) => name)

/** A digest of nothing here. */
export const other = hash('sha256', utf8('other'))

export const compose = JSON.stringify({
  runner: 'docker-compose',
  docker_compose_file: 'image: a@sha256:00',
  name: 'x',
})

const event = (name: string, payload: Uint8Array = new Uint8Array()) => ({
  imr: 3,
  event_type: 0x0800_0001,
  digest: toHex(eventDigest(name, payload)),
  event: name,
  event_payload: toHex(payload),
})
const firmware = [0, 1, 2].map((imr) => ({
  imr,
  event_type: 4,
  digest: `0${imr}`.repeat(48),
  event: '',
  event_payload: '',
}))

/** A dstack machine with this app: its event log, and how to have something quoted. */
export function machine(composeH: Uint8Array = hash('sha256', utf8(compose)), events?: ReturnType<typeof event>[]) {
  const log = [
    ...firmware,
    ...(events ?? [
      event('system-preparing'),
      event('app-id', composeH.subarray(0, 20)),
      event('compose-hash', composeH),
      event('instance-id', new Uint8Array(20)),
      event('boot-mr-done'),
      event('key-provider', utf8('{"name":"kms"}')),
      event('system-ready'),
    ]),
  ]
  const rtmrs = [0, 1, 2, 3].map((imr) =>
    log
      .filter((entry) => entry.imr === imr)
      .reduce((register, { digest }) => extendRegister(register, fromHex(digest)), new Uint8Array(48) as Uint8Array),
  ) as [Uint8Array, Uint8Array, Uint8Array, Uint8Array]
  const quote = (reportData: Uint8Array) => simulator.mintQuote({ reportData, imageH: composeH, rtmrs })
  return { log, quote }
}

export const tlsKeys = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const spkiOf = (key: KeyObject) => Uint8Array.from(key.export({ type: 'spki', format: 'der' }))
export const spki = spkiOf(tlsKeys.publicKey)
export const tlsSpki = hash('sha256', spki)
export const certificatePem = selfSignedCertificate(tlsKeys.privateKey, tlsKeys.publicKey, 'service', now)
export const nonce = hash('sha256', utf8('nonce'))
/** The connection that answers of this world came over. */
export const connection = { tlsSpki, nonce }

const ed25519 = createPrivateKey({
  key: Buffer.concat([fromHex('302e020100300506032b657004220420'), hash('sha256', utf8('signer'))]),
  format: 'der',
  type: 'pkcs8',
})
const signerPublic = Uint8Array.from(Buffer.from(ed25519.export({ format: 'jwk' }).x!, 'base64url'))
const secret = hash('sha256', utf8('ecdsa signer'))
const secpPublic = secp256k1.getPublicKey(secret, false)

const pad = (bytes: Uint8Array) => Uint8Array.from([...bytes, ...new Uint8Array(32 - bytes.length)])

/** An answer of one machine of NEAR AI Cloud. */
export function nearMachine({
  algorithm = 'ed25519',
  tls = true,
}: {
  algorithm?: 'ed25519' | 'ecdsa'
  tls?: boolean
} = {}) {
  const address = algorithm === 'ed25519' ? signerPublic : addressOf(secpPublic)!
  const { log, quote } = machine()
  const named = tls ? hash('sha256', address, tlsSpki) : pad(address)
  const actions = [{ action: 'compose_up', file: 'a.yaml' }]
  const actionsH = hash('sha256', utf8('[{"action":"compose_up","file":"a.yaml"}]'))
  const keyConfig = utf8('key config')
  return {
    model_name: 'a/model',
    signing_address: `${algorithm === 'ecdsa' ? '0x' : ''}${toHex(address)}`,
    signing_algo: algorithm,
    signing_public_key: toHex(algorithm === 'ed25519' ? signerPublic : secpPublic.subarray(1)),
    request_nonce: toHex(nonce),
    intel_quote: toHex(quote(Uint8Array.from([...named, ...nonce]))),
    event_log: log as unknown,
    info: { compose_hash: toHex(hash('sha256', utf8(compose))), tcb_info: { app_compose: compose } as unknown },
    ...(tls && { tls_cert_fingerprint: toHex(tlsSpki) }),
    ohttp_attestation: {
      signing_algo: 'ed25519',
      signing_key: toHex(signerPublic),
      key_config: toHex(keyConfig),
      signature: toHex(Uint8Array.from(sign(null, keyConfig, ed25519))),
    },
    compose_manager_attestation: {
      actions,
      actions_hash: toHex(actionsH),
      quote: toHex(quote(Uint8Array.from([...actionsH, ...nonce]))),
    },
  }
}

export const nearGateway = () => {
  const { compose_manager_attestation: _, signing_public_key: __, model_name: ___, ...gateway } = nearMachine()
  return {
    gateway_attestation: { ...gateway, event_log: JSON.stringify(gateway.event_log) },
    model_attestations: [nearMachine()],
    tls_certificate: certificatePem,
  }
}

/** A signature of NEAR AI Cloud over `text`. */
export function nearSignature(text: string, algorithm: 'ed25519' | 'ecdsa') {
  const machine = nearMachine({ algorithm })
  const signature =
    algorithm === 'ed25519'
      ? toHex(Uint8Array.from(sign(null, utf8(text), ed25519)))
      : ethereum(secp256k1.sign(personalMessageH(text), secret, { prehash: false, format: 'recovered' }))
  return { text, signature, signing_address: machine.signing_address, signing_algo: algorithm }
}

/** noble puts the recovery bit first, Ethereum adds 27 and puts it last. */
const ethereum = ([bit, ...rs]: Uint8Array): string => `0x${toHex(Uint8Array.from([...rs, bit! + 27]))}`

/** GPUs of one machine as NVIDIA's tools collect them, and their manifests by id. */
export async function gpus(count: number, asked = nonce) {
  const devices = await simulator.createTee({ imageH: new Uint8Array(32), gpus: count }).gpu!.evidence(asked)
  const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64')
  return {
    rims: devices[0]!.rims,
    list: devices.map(({ report, certificates }) => ({
      arch: 'HOPPER',
      certificate: base64(utf8(certificates)),
      evidence: base64(report),
      nonce: toHex(asked),
    })),
  }
}

/** A document of Tinfoil, version 3, unsigned; the hash of the switches' evidence is over what `hashed` makes of it. */
export function tinfoilDocument(gpu: object, nvswitch?: object, hashed = JSON.stringify(nvswitch)) {
  const hpke = hash('sha256', utf8('hpke'))
  const gpuH = hash('sha256', utf8(JSON.stringify(gpu)))
  const switchH = nvswitch && hash('sha256', utf8(hashed))
  const reportData = [...hash('sha256', tlsSpki, hpke, nonce, gpuH, switchH ?? new Uint8Array()), ...new Uint8Array(32)]
  return {
    format: 'https://tinfoil.sh/predicate/attestation/v3',
    report_data: {
      tls_key_fp: toHex(tlsSpki),
      hpke_key: toHex(hpke),
      nonce: toHex(nonce),
      gpu_evidence_hash: toHex(gpuH),
      ...(switchH && { nvswitch_evidence_hash: toHex(switchH) }),
    },
    cpu: { platform: 'tdx', report: Buffer.from(machine().quote(Uint8Array.from(reportData))).toString('base64') },
    gpu,
    ...(nvswitch && { nvswitch }),
  }
}

/** The same of a machine with one GPU, as text; `bend` acts before it is signed. */
export async function tinfoil(bend: (document: Record<string, unknown>) => void = () => {}): Promise<string> {
  const { list } = await gpus(1)
  const document = { ...tinfoilDocument({ evidences: list }), certificate: certificatePem, signature: '' }
  bend(document)
  const text = JSON.stringify(document)
  const signature = sign('sha256', Buffer.from(text), tlsKeys.privateKey).toString('base64')
  return text.replace('"signature":""', `"signature":"${signature}"`)
}

const der = (tag: number, ...parts: Uint8Array[]): Uint8Array => {
  const content = Buffer.concat(parts)
  const { length } = content
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Uint8Array.from([tag, ...size, ...content])
}
const extension = (arc: number, value: Uint8Array) =>
  der(0x30, der(0x06, Uint8Array.from([...fromHex('2b0601040183e73d01'), arc])), der(0x04, der(0x04, value)))

/** An RA-TLS certificate of dstack for the TLS key of this world. */
export function raTls({ key = spki }: { key?: Uint8Array } = {}): Uint8Array {
  const { log, quote } = machine()
  const quoted = quote(hash('sha512', utf8('ratls-cert:'), key))
  const parts = new DerReader(firstCertificate(certificatePem)).sequence()
  const body = parts.read(TAG.sequence)
  const rest = [parts.readWhole(), parts.readWhole()]
  const extensions = der(0xa3, der(0x30, extension(1, quoted), extension(2, utf8(JSON.stringify(log)))))
  return der(0x30, der(0x30, body, extensions), ...rest)
}
