import { DcmlError, utf8 } from '@dcml/protocol'
import { blueprint, windowAround } from './blueprint.ts'
import { bootEvents, developmentImage, type ImageMeasurements, mrConfigId } from './boot.ts'
import { toPem } from './certificate.ts'
import { type Collateral, issueCertificates, issueCollateral, quoteChain, quoter } from './issue.ts'
import type { TdReport } from './quote.ts'
import { replay } from './rtmr.ts'
import { type SimulatedTee, startTee } from './tee.ts'

/** The seed that every process uses unless told otherwise, so that a machine's processes share one root. */
export const DEVELOPMENT_SEED: Uint8Array = utf8('DCML DEVELOPMENT: these keys are public')

/** @see createSimulator */
export interface SimulatorOptions {
  /** Any bytes; the whole PKI follows from them. Default {@link DEVELOPMENT_SEED}. */
  readonly seed?: Uint8Array
  /** Date around which collateral is valid. Default: the clock, at each call. */
  readonly now?: Date
}

/** Fields of a TD report; what is left out is what a fresh TEE with `imageH` would say. */
export interface QuoteRequest extends Partial<TdReport> {
  /** 64 bytes. */
  readonly reportData: Uint8Array
  /** 32 bytes: SHA-256 of the image manifest. Sets MRCONFIGID and the events of RTMR3. */
  readonly imageH: Uint8Array
}

/** A development platform: what Intel, a processor and a hypervisor do for a real TD. */
export interface Simulator {
  readonly seed: Uint8Array
  /** The date around which its statements are valid. */
  now(): Date
  /** The root certificate, to be passed to a verifier as its only root, explicitly and in development only. */
  readonly rootDer: Uint8Array
  readonly rootPem: string
  /** Measurements of the boot image that simulated TEEs claim, for the allow-list of a development policy. */
  readonly image: ImageMeasurements
  /** Valid collateral, the same bytes for a UTC day. `overrides` replace members and are not signed again. */
  collateral(overrides?: Partial<Collateral>): Collateral
  /**
   * A TDX v4 quote.
   * @throws DcmlError `simulator_report_data`, `simulator_image_h` on a wrong length
   */
  mintQuote(request: QuoteRequest): Uint8Array
  /** Starts a TEE with one workload in it. @throws DcmlError `simulator_image_h` unless 32 bytes */
  createTee(options: { readonly imageH: Uint8Array }): SimulatedTee
}

/**
 * Makes a development platform from a seed. Equal seeds give equal certificates; equal seeds and UTC days give equal
 * CRLs and collateral. Everyone can derive its keys: what it signs proves nothing, is marked DEVELOPMENT in every
 * certificate, and is refused by every production policy.
 */
export async function createSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const seed = options.seed ?? DEVELOPMENT_SEED
  const now = (): Date => options.now ?? new Date()
  const plan = blueprint(seed, now())
  const certificates = issueCertificates(plan)
  const quote = quoter(plan, quoteChain(certificates))
  const collateral = daily(now, (at) => issueCollateral(blueprint(seed, at), certificates))

  const mintQuote = ({ imageH, ...fields }: QuoteRequest): Uint8Array => {
    assertLength(fields.reportData, 64, 'simulator_report_data', 'Report data')
    assertLength(imageH, 32, 'simulator_image_h', 'The image hash')
    return quote({ ...plan.td, mrConfigId: mrConfigId(imageH), rtmrs: replay(bootEvents(imageH)), ...fields })
  }
  return {
    seed,
    now,
    rootDer: certificates.root,
    rootPem: toPem(certificates.root),
    image: developmentImage,
    collateral: (overrides) => ({ ...collateral(), ...overrides }),
    mintQuote,
    createTee({ imageH }) {
      assertLength(imageH, 32, 'simulator_image_h', 'The image hash')
      return startTee(imageH, (reportData, rtmrs) => ({
        quote: mintQuote({ reportData, imageH, rtmrs }),
        collateral: collateral(),
      }))
    },
  }
}

function assertLength(bytes: Uint8Array, length: number, code: string, what: string): void {
  if (bytes.length !== length)
    throw new DcmlError(code, `${what} has ${bytes.length} bytes, not ${length}.`, { hint: `Pass ${length} bytes.` })
}

/** Keeps an answer for as long as its validity window is the same. */
function daily<T>(clock: () => Date, issue: (at: Date) => T): () => T {
  let kept: { start: number; value: T } | undefined
  return () => {
    const now = clock()
    const start = windowAround(now).issueDate.getTime()
    if (kept?.start !== start) kept = { start, value: issue(now) }
    return kept.value
  }
}
