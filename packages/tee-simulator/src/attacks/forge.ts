import { type Blueprint, blueprint } from '../blueprint.ts'
import type { ImageMeasurements } from '../boot.ts'
import { type Certificates, type Collateral, issueCertificates, issueCollateral, quoteChain, quoter } from '../issue.ts'
import type { Simulator } from '../simulator.ts'
import type { MergedStatus } from '../tcb.ts'

/** Evidence that a verifier is asked to judge. */
export interface Forged {
  readonly quote: Uint8Array
  readonly collateral: Collateral
  /** Development roots to trust instead of the simulator's. */
  readonly roots?: readonly Uint8Array[]
  /** What the victim demands beyond the defaults of a development policy, as members of that policy. */
  readonly policy?: Demands
}

/** Members of a `Policy` of `@dcml/attestation`. */
export interface Demands {
  readonly imageH?: readonly string[]
  readonly images?: readonly ImageMeasurements[]
  readonly mrSeam?: readonly string[]
  readonly platforms?: readonly string[]
  readonly tcb?: { readonly accept?: readonly MergedStatus[]; readonly deniedAdvisories?: readonly string[] }
}

/** One way to deceive a verifier. */
export interface Attack {
  readonly name: string
  /** The check of `verifyTdxQuote` that refuses it; checks which build on that one are skipped. */
  readonly targets: string
  /** Other checks that meet the same flaw, where certificates are shared. */
  readonly also: readonly string[]
  mint(simulator: Simulator): Forged
}

/** Where honest evidence is bent, in the order in which it is made. */
export interface Forgery {
  /** Before anything is signed. `stranger` is the platform of someone with keys of his own and the same names. */
  plan?(plan: Blueprint, stranger: Blueprint): void
  /** The chain inside the quote, PEM. */
  chain?(certificates: Certificates, plan: Blueprint): string
  /** Members of the collateral to replace; nothing is signed again. */
  collateral?(collateral: Collateral, certificates: Certificates, plan: Blueprint): Partial<Collateral>
  /** The finished quote; nothing is signed again. */
  quote?(quote: Uint8Array, plan: Blueprint): Uint8Array
  /** Demands of the victim. */
  demands?(plan: Blueprint): Demands
  /** What the victim trusts instead of the simulator's root. */
  roots?(certificates: Certificates, plan: Blueprint): readonly Uint8Array[]
}

/** Keys of someone else. */
export const strangerSeed = new TextEncoder().encode('DCML DEVELOPMENT: a stranger')

/** Makes the evidence of a forgery; of none, honest evidence. */
export function forge(simulator: Simulator, forgery: Forgery = {}): Forged {
  const now = simulator.now()
  const plan = blueprint(simulator.seed, now)
  forgery.plan?.(plan, blueprint(strangerSeed, now))
  const certificates = issueCertificates(plan)
  const chain = forgery.chain?.(certificates, plan) ?? quoteChain(certificates)
  const collateral = issueCollateral(plan, certificates)
  const quote = quoter(plan, chain)(plan.td)
  return {
    quote: forgery.quote?.(quote, plan) ?? quote,
    collateral: { ...collateral, ...forgery.collateral?.(collateral, certificates, plan) },
    ...(forgery.demands && { policy: forgery.demands(plan) }),
    ...(forgery.roots && { roots: forgery.roots(certificates, plan) }),
  }
}

/** The victim trusts the root that the forgery leads to. */
export const ownRoot = ({ root }: Certificates): readonly Uint8Array[] => [root]

export const attack = (name: string, targets: string, forgery: Forgery, also: readonly string[] = []): Attack => ({
  name,
  targets,
  also,
  mint: (simulator) => forge(simulator, forgery),
})
