// Evidence of simulated enclaves, honest but for what is bent.
import { utf8 } from '@dcml/protocol'
import { createSimulator, type SimulatedTee, type SnpTeeOptions, type TeeOptions } from '@dcml/tee-simulator'
import { ed25519 } from '@noble/curves/ed25519.js'
import {
  type Claims,
  development,
  type Evidence,
  type EvidenceJson,
  type Expectation,
  encodeClaims,
  evidenceToJson,
  gpuEvidenceH,
  gpuNonce,
  imageH,
  type PolicyInput,
  reportData,
  type VerifyEvidenceOptions,
} from '../src/index.ts'

export const now = new Date('2026-11-21T12:00:00Z')
export const simulator = await createSimulator({ now })

export const fill = (byte: number): Uint8Array => new Uint8Array(32).fill(byte)
const sessionSk = fill(0x51)

export const manifestOf = (models: readonly string[] | 'any' = 'any', name = 'chat'): Uint8Array<ArrayBuffer> =>
  utf8(JSON.stringify({ v: 1, name, image: `sha256:${'ab'.repeat(32)}`, command: ['serve'], env: {}, models }))

/** What an honest enclave says to a verifier who expects `expectation`. */
export const honest = {
  purpose: 'session',
  nonce: fill(1),
  tlsSpki: fill(2),
  exporter: fill(3),
  hpkeKey: fill(4),
  sessionKey: ed25519.getPublicKey(sessionSk),
  imageH: imageH(manifestOf()),
  modelH: fill(6),
  boot: fill(7),
  iat: now.getTime() - 5000,
} satisfies Claims

const expectation: Expectation = { purpose: 'session', nonce: fill(1), exporter: fill(3), tlsSpki: fill(2) }

/** Signature of the enclave's session key. */
export const sessionSigned = (message: Uint8Array): Uint8Array => ed25519.sign(message, sessionSk)

/** Where honest evidence is bent, in the order in which it is made. */
export interface EvidenceForgery {
  claims?: { readonly [Name in keyof Claims]?: Claims[Name] | undefined }
  /** The machine, where it is not an ordinary TD with the image of the claims. */
  tee?: Partial<TeeOptions> | Partial<SnpTeeOptions>
  /** What happens inside after the start. */
  run?(tee: Pick<SimulatedTee, 'extend'>): void
  /** The nonce that the GPUs sign. */
  gpuNonce?: Uint8Array
  /** The claims' bytes. */
  said?(claims: Uint8Array): Uint8Array
  /** What is quoted. */
  reportData?(claims: Uint8Array): Uint8Array
  /** The finished evidence, and its JSON. */
  evidence?(evidence: Evidence): Evidence
  json?(json: EvidenceJson): unknown
  /** What the victim demands and knows. */
  policy?: Omit<PolicyInput, 'environment'>
  expect?: { readonly [Name in keyof Expectation]?: Expectation[Name] | undefined }
}

/** One way to deceive a verifier of evidence: what it is asked to judge, and the checks that refuse it. */
export interface EvidenceAttack {
  readonly name: string
  readonly targets: string
  /** Other checks that meet the same flaw. */
  readonly also: readonly string[]
  mint(): Promise<VerifyEvidenceOptions>
}

/** Makes the case of a forgery; of none, an honest one. */
export async function forgeEvidence(forgery: EvidenceForgery = {}): Promise<VerifyEvidenceOptions> {
  const fields = present({ ...honest, ...forgery.claims })
  const tee = simulator.createTee({ imageH: fields.imageH, ...forgery.tee } as TeeOptions | SnpTeeOptions)
  forgery.run?.(tee)
  const gpu = (await tee.gpu?.evidence(forgery.gpuNonce ?? gpuNonce(fields))) ?? []
  const bound = gpu.length > 0 && !(forgery.claims && 'gpuEvidence' in forgery.claims)
  const encoded = encodeClaims({ ...fields, ...(bound && { gpuEvidence: gpuEvidenceH(gpu) }) })
  const claims = forgery.said?.(encoded) ?? encoded
  const cpu = await tee.quote(forgery.reportData?.(claims) ?? reportData(fields.purpose, claims))
  const evidence: Evidence = { claims, cpu, gpu, manifest: manifestOf() }
  const json = evidenceToJson(forgery.evidence?.(evidence) ?? evidence)
  return {
    evidence: forgery.json?.(json) ?? json,
    policy: development({
      tee: ['tdx', 'snp'],
      imageH: 'any',
      images: [simulator.image, simulator.snpImage],
      binding: 'session-quoted',
      ...forgery.policy,
    }),
    roots: simulator.roots,
    now,
    expect: present({ ...expectation, ...forgery.expect }),
  }
}

export const evidenceAttack = (
  name: string,
  targets: string,
  forgery: EvidenceForgery,
  also: readonly string[] = [],
): EvidenceAttack => ({ name, targets, also, mint: () => forgeEvidence(forgery) })

/** The same object without the members that are undefined. */
const present = <T extends object>(fields: { readonly [K in keyof T]: T[K] | undefined }): T =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T
