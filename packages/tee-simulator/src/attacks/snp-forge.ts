import { issueCertificate } from '../certificate.ts'
import type { Simulator } from '../simulator.ts'
import { type SnpBlueprint, type SnpForm, snpBlueprint, usualForm } from '../snp/blueprint.ts'
import { issueSnp, type SimulatedSnpEvidence } from '../snp/platform.ts'
import type { Product, Tcb } from '../snp/report.ts'
import { strangerSeed } from './forge.ts'

/** Evidence of a SEV-SNP guest that a verifier is asked to judge. */
export interface ForgedSnp {
  readonly evidence: SimulatedSnpEvidence
  /** Development roots to trust, DER. */
  readonly roots: readonly Uint8Array[]
  /** What the victim demands beyond the defaults of a development policy, as members of that policy. */
  readonly policy: SnpDemands
}

/** Members of a `Policy` of `@dcml/attestation`. */
export interface SnpDemands {
  readonly imageH?: readonly string[]
  readonly images?: readonly { readonly snpMeasurement: string; readonly label: string }[]
  readonly platforms?: readonly string[]
  readonly snp?: {
    readonly smt?: boolean
    readonly vlek?: boolean
    readonly crl?: boolean
    readonly minTcb?: Readonly<Partial<Record<Product, Tcb>>>
  }
}

/** One way to deceive a verifier of SEV-SNP reports. */
export interface SnpAttack {
  readonly name: string
  /** The check of `verifySnpReport` that refuses it; checks which build on that one are skipped. */
  readonly targets: string
  /** Other checks that meet the same flaw. */
  readonly also: readonly string[]
  mint(simulator: Simulator): ForgedSnp
}

/** Honest evidence of a rare form. */
export type SnpControl = Omit<SnpAttack, 'targets' | 'also'>

/** Where honest evidence is bent, in the order in which it is made. */
export interface SnpForgery {
  form?: Partial<SnpForm>
  /** Before anything is signed. `stranger` is the platform of someone with keys of his own and the same names. */
  plan?(plan: SnpBlueprint, stranger: SnpBlueprint): void
  /** Members of the finished evidence to replace; nothing is signed again. */
  evidence?(evidence: SimulatedSnpEvidence, plan: SnpBlueprint): Partial<SimulatedSnpEvidence>
  demands?: SnpDemands | ((plan: SnpBlueprint) => SnpDemands)
  /** The victim trusts the root that the forgery leads to, not the simulator's. */
  ownRoot?: true
}

/** Makes the evidence of a forgery; of none, honest evidence. */
export function forgeSnp(simulator: Simulator, forgery: SnpForgery): ForgedSnp {
  const now = simulator.now()
  const form = { ...usualForm, ...forgery.form }
  const plan = snpBlueprint(simulator.seed, now, form)
  const honestRoot = issueCertificate(plan.ark)
  forgery.plan?.(plan, snpBlueprint(strangerSeed, now, form, 'stranger'))
  const evidence = issueSnp(plan)
  const { demands = {} } = forgery
  return {
    evidence: { ...evidence, ...forgery.evidence?.(evidence, plan) },
    roots: [forgery.ownRoot ? evidence.ark : honestRoot],
    policy: typeof demands === 'function' ? demands(plan) : demands,
  }
}

export const snpAttack = (
  name: string,
  targets: string,
  forgery: SnpForgery,
  also: readonly string[] = [],
): SnpAttack => ({ name, targets, also, mint: (simulator) => forgeSnp(simulator, forgery) })

export const snpControl = (name: string, forgery: SnpForgery): SnpControl => ({
  name,
  mint: (simulator) => forgeSnp(simulator, forgery),
})
