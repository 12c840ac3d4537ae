// Attacks on what an enclave says about itself: for every check of `verifyEvidence` beyond those of the quote and of the
// GPUs, at least one case that only this check refuses.
import { concatBytes, toHex, utf8 } from '@dcml/protocol'
import {
  browserSessionMessage,
  type Evidence,
  encodeClaims,
  gpuNonce,
  imageH,
  reportData,
  sessionMessage,
} from '../src/index.ts'
import {
  evidenceAttack as attack,
  type EvidenceAttack,
  type EvidenceForgery,
  fill,
  forgeEvidence,
  honest,
  manifestOf,
  sessionSigned,
} from './evidence-forge.ts'

const edit = (text: string, replacement: string) => (claims: Uint8Array) =>
  utf8(new TextDecoder().decode(claims).replace(text, replacement))

/** A browser's session, quoted for its one-time key. */
const browser: EvidenceForgery = {
  claims: { purpose: 'browser', exporter: undefined, clientKey: fill(8) },
  expect: { purpose: 'browser', exporter: undefined, tlsSpki: undefined, clientKey: fill(8) },
}

/** Evidence that was quoted before the connection, and the session key's signature over the connection. */
const signed = (signature: Uint8Array): EvidenceForgery => ({
  claims: { exporter: undefined, nonce: fill(9) },
  policy: { binding: 'session-signed' },
  expect: { signature },
})
const ofThisSession = sessionMessage(fill(1), fill(3))

const formats: readonly EvidenceAttack[] = [
  attack('evidence that is no JSON', 'evidence_format', { json: () => '{' }),
  attack('evidence of another version', 'evidence_format', { json: (json) => ({ ...json, v: 2 }) }),
  attack('evidence with a member nobody knows', 'evidence_format', { json: (json) => ({ ...json, trusted: true }) }),
  attack('evidence without claims', 'evidence_format', { json: ({ claims: _, ...json }) => json }),
  attack('evidence of a TEE nobody knows', 'evidence_format', {
    json: (json) => ({ ...json, cpu: { ...json.cpu, tee: 'sgx' } }),
  }),
  attack('evidence with a quote that is no base64url', 'evidence_format', {
    json: (json) => ({ ...json, cpu: { ...json.cpu, quote: '+/+/' } }),
  }),
  attack('evidence with more devices than a machine has', 'evidence_format', {
    json: (json) => ({ ...json, gpu: Array.from({ length: 17 }, () => device) }),
  }),
  attack('evidence of 5 MB', 'evidence_format', {
    json: (json) => `${JSON.stringify(json)}${' '.repeat(5_000_000)}`,
  }),
  attack('evidence with a manifest of 70 kB', 'evidence_format', {
    json: (json) => ({ ...json, manifest: 'A'.repeat(93_000) }),
  }),
]
const device = { kind: 'gpu', report: '', certificates: '', rims: [], revocations: [] }

const claims: readonly EvidenceAttack[] = [
  attack('quoted claims that are no JSON', 'claims', { said: () => utf8('{') }),
  attack('quoted claims with a member twice', 'claims', { said: edit('"v":1,', '"v":1,"purpose":"session",') }),
  attack('quoted claims with a space', 'claims', { said: edit('"v":1,', '"v": 1,') }),
  attack('quoted claims with a purpose nobody knows', 'claims', { said: edit('"session"', '"everything"') }),
  attack('quoted claims with a key of 31 bytes', 'claims', { claims: { hpkeKey: new Uint8Array(31) } }),
  attack('claims exchanged after quoting', 'report_data', {
    evidence: (evidence) => ({ ...evidence, claims: encodeClaims({ ...honest, hpkeKey: fill(0x66) }) }),
  }),
  attack('claims quoted for another purpose', 'report_data', {
    reportData: (said) => reportData('peer-responder', said),
  }),
  attack('report data that came from outside', 'report_data', { reportData: () => concatBytes(fill(1), fill(2)) }),
  attack('report data of zeros', 'report_data', { reportData: () => new Uint8Array(64) }),
]

const channels: readonly EvidenceAttack[] = [
  attack('evidence made to ask for a model key, replayed to a client', 'purpose', {
    claims: { purpose: 'peer-initiator' },
  }),
  attack('evidence made to answer for a model key, replayed by one who asks', 'purpose', {
    claims: { purpose: 'peer-responder' },
    expect: { purpose: 'peer-initiator' },
  }),
  attack('replayed evidence: the nonce of another verifier', 'nonce', { claims: { nonce: fill(9) } }),
  attack('no nonce to compare with, where the policy demands a session', 'nonce', { expect: { nonce: undefined } }),
  attack('relayed evidence: the exporter of another connection', 'exporter', { claims: { exporter: fill(9) } }),
  attack('evidence without an exporter, kept for many connections', 'exporter', { claims: { exporter: undefined } }),
  attack('no exporter to compare with, where the policy demands a session', 'exporter', {
    expect: { exporter: undefined },
  }),
  attack('evidence of another server’s TLS key', 'tls_spki', { claims: { tlsSpki: fill(9) } }),
  attack('evidence of another server’s TLS key, where the policy asks for the key alone', 'tls_spki', {
    claims: { tlsSpki: fill(9) },
    policy: { binding: 'key' },
  }),
  attack('relayed to a browser: the one-time key of another', 'client_key', {
    ...browser,
    claims: { ...browser.claims, clientKey: fill(9) },
  }),
  attack('browser evidence without a one-time key', 'client_key', {
    ...browser,
    claims: { ...browser.claims, clientKey: undefined },
  }),
  attack('a browser’s evidence on a TLS connection', 'client_key', { claims: { clientKey: fill(8) } }),
  attack('connection signed by another key than the quoted one', 'session_signature', {
    ...signed(sessionSigned(ofThisSession)),
    claims: { exporter: undefined, nonce: fill(9), sessionKey: fill(0x77) },
  }),
  attack(
    'signature over another connection',
    'session_signature',
    signed(sessionSigned(sessionMessage(fill(1), fill(9)))),
  ),
  attack('signature over another nonce', 'session_signature', signed(sessionSigned(sessionMessage(fill(9), fill(3))))),
  attack(
    'signature over the keys of a browser’s session',
    'session_signature',
    signed(sessionSigned(browserSessionMessage(fill(1), fill(3), fill(4)))),
  ),
  attack('signature of zeros', 'session_signature', signed(new Uint8Array(64))),
  attack('a signed session where the policy demands a quoted one', 'session_signature', {
    ...signed(sessionSigned(ofThisSession)),
    policy: { binding: 'session-quoted' },
  }),
]

const otherH = imageH(manifestOf('any', 'other'))
const prose = utf8('not a manifest')
const model = toHex(fill(6))

const workloads: readonly EvidenceAttack[] = [
  attack('another manifest beside the right hash', 'manifest', {
    evidence: (evidence) => ({ ...evidence, manifest: manifestOf('any', 'other') }),
  }),
  attack('manifest with other spaces', 'manifest', {
    evidence: (evidence) => ({ ...evidence, manifest: utf8(`${new TextDecoder().decode(manifestOf())}\n`) }),
  }),
  attack('manifest that says nothing', 'manifest', {
    claims: { imageH: imageH(prose) },
    evidence: (evidence) => ({ ...evidence, manifest: prose }),
  }),
  attack('host that names another image in MRCONFIGID', 'mr_config_id', {
    tee: { mrConfigId: concatBytes(Uint8Array.of(1), otherH, new Uint8Array(15)) },
  }),
  attack('claims of another image than MRCONFIGID and RTMR3 show', 'mr_config_id', { tee: { imageH: otherH } }, [
    'event_log',
  ]),
  attack('boot that measured another image than the host named', 'event_log', {
    tee: { imageH: otherH, mrConfigId: concatBytes(Uint8Array.of(1), honest.imageH, new Uint8Array(15)) },
  }),
  attack('evidence without an event log', 'event_log', {
    evidence: (evidence) => ({ ...evidence, cpu: omit(evidence.cpu, 'eventLog') }),
  }),
  attack('event log that leaves an event out', 'event_log', {
    run: (tee) => tee.extend(3, 'later', fill(1)),
    evidence: onLog((log) => log.slice(0, -1)),
  }),
  attack('event log of another machine', 'event_log', {
    evidence: onLog((log) => log.map((entry) => (entry.imr === 0 ? { ...entry, digest: 'ab'.repeat(48) } : entry))),
  }),
  attack('image measured twice', 'event_log', { run: (tee) => tee.extend(3, 'image', honest.imageH) }),
  attack('said to be ready twice', 'event_log', { run: (tee) => tee.extend(3, 'ready', new Uint8Array()) }),
  attack('event whose name was changed in the log', 'event_log', {
    run: (tee) => tee.extend(3, 'later', fill(1)),
    evidence: onLog((log) => log.map((entry) => (entry.event === 'later' ? { ...entry, event: 'sooner' } : entry))),
  }),
  attack('event log that is no JSON', 'event_log', {
    evidence: (evidence) => ({ ...evidence, cpu: { ...evidence.cpu, eventLog: utf8('[') } as never }),
  }),
  attack('another model than the victim wants', 'model_h', { policy: { modelH: ['ab'.repeat(32)] } }),
  attack('no model where the victim wants one', 'model_h', {
    claims: { modelH: undefined },
    policy: { modelH: [model] },
  }),
  attack('model that the manifest does not let in', 'model_h', {
    claims: { imageH: imageH(manifestOf(['cd'.repeat(32)])) },
    evidence: (evidence) => ({ ...evidence, manifest: manifestOf(['cd'.repeat(32)]) }),
  }),
  attack('claims of eleven minutes ago', 'age', { claims: { iat: honest.iat - 660_000 } }),
  attack('claims of two minutes from now', 'age', { claims: { iat: honest.iat + 125_000 } }),
]

const guests: readonly EvidenceAttack[] = [
  attack('SEV-SNP guest where the victim accepts TDX', 'tee', { tee: { tee: 'snp' }, policy: { tee: ['tdx'] } }),
  attack('TD where the victim accepts SEV-SNP', 'tee', { policy: { tee: ['snp'] } }),
  attack('host that names another image in HOST_DATA', 'host_data', { tee: { tee: 'snp', imageH: otherH } }),
  attack('claims of a guest exchanged after its report', 'report_data', {
    tee: { tee: 'snp' },
    evidence: (evidence) => ({ ...evidence, claims: encodeClaims({ ...honest, sessionKey: fill(0x66) }) }),
  }),
  attack('a guest’s report asked for with report data from outside', 'report_data', {
    tee: { tee: 'snp' },
    reportData: () => concatBytes(fill(1), fill(2)),
  }),
]

const gpus: readonly EvidenceAttack[] = [
  attack('GPUs that the claims do not name', 'gpu_evidence', {
    tee: { gpus: 1 },
    claims: { gpuEvidence: undefined },
    policy: { gpu: {} },
  }),
  attack('claims that name the evidence of other GPUs', 'gpu_evidence', {
    tee: { gpus: 1 },
    claims: { gpuEvidence: fill(9) },
    policy: { gpu: {} },
  }),
  attack('two GPUs in another order than the claims name them', 'gpu_evidence', {
    tee: { gpus: 2 },
    evidence: (evidence) => ({ ...evidence, gpu: evidence.gpu.toReversed() }),
    policy: { gpu: {} },
  }),
  attack('GPU evidence asked for by an enclave with other keys', 'gpu_nonce', {
    tee: { gpus: 1 },
    gpuNonce: gpuNonce({ ...honest, hpkeKey: fill(0x66) }),
    policy: { gpu: {} },
  }),
  attack('GPU evidence of the same enclave’s last session', 'gpu_nonce', {
    tee: { gpus: 1 },
    gpuNonce: gpuNonce({ ...honest, nonce: fill(9) }),
    policy: { gpu: {} },
  }),
  attack('GPU evidence over the bare nonce', 'gpu_nonce', { tee: { gpus: 1 }, gpuNonce: fill(1), policy: { gpu: {} } }),
  attack('no GPU where the victim demands one', 'gpu_count', { policy: { gpu: {} } }, ['gpu_evidence']),
]

interface LoggedEvent {
  readonly imr: number
  readonly event: string
}

function onLog(change: (log: LoggedEvent[]) => object[]): (evidence: Evidence) => Evidence {
  return (evidence) => {
    const log = JSON.parse(new TextDecoder().decode((evidence.cpu as { eventLog: Uint8Array }).eventLog))
    return { ...evidence, cpu: { ...evidence.cpu, eventLog: utf8(JSON.stringify(change(log))) } as never }
  }
}

function omit<T extends object>(from: T, name: string): T {
  return Object.fromEntries(Object.entries(from).filter(([key]) => key !== name)) as T
}

/** Every attack on claims and evidence; each is refused by the check it targets and by nothing else. */
export const evidenceAttacks: readonly EvidenceAttack[] = [
  ...formats,
  ...claims,
  ...channels,
  ...workloads,
  ...guests,
  ...gpus,
]

/** Honest evidence that must be accepted. */
export const evidenceControls: readonly Omit<EvidenceAttack, 'targets' | 'also'>[] = [
  { name: 'honest evidence', mint: () => forgeEvidence() },
  { name: 'a session that was signed', mint: () => forgeEvidence(signed(sessionSigned(ofThisSession))) },
  { name: 'a browser’s session', mint: () => forgeEvidence(browser) },
  { name: 'a SEV-SNP guest', mint: () => forgeEvidence({ tee: { tee: 'snp' } }) },
  {
    name: 'a SEV-SNP guest with GPUs behind protected PCIe',
    mint: () =>
      forgeEvidence({ tee: { tee: 'snp', gpus: 2, switches: 1 }, policy: { gpu: { count: 2, switches: 1 } } }),
  },
  {
    name: 'a TD with a Blackwell GPU and NVIDIA’s verdict on it',
    mint: () => forgeEvidence({ tee: { gpus: 1, chip: 'GB100', nras: true }, policy: { gpu: { nras: 'also' } } }),
  },
  { name: 'events after the start', mint: () => forgeEvidence({ run: (tee) => tee.extend(3, 'later', fill(1)) }) },
  { name: 'a model that the victim wants', mint: () => forgeEvidence({ policy: { modelH: [model] } }) },
  { name: 'a GPU that is bound both ways', mint: () => forgeEvidence({ tee: { gpus: 1 }, policy: { gpu: {} } }) },
]
