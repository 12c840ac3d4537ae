import { concatBytes } from '@dcml/protocol'
import { issueCertificate, issueCrl } from '../certificate.ts'
import { pemChain } from '../issue.ts'
import { fastSigner } from '../keys.ts'
import type { DeviceBlueprint } from './blueprint.ts'
import { issueOcsp } from './ocsp.ts'
import { issueRim } from './rim.ts'
import { encodeRequest, encodeResponse } from './spdm.ts'

/** What one simulated device hands to a verifier: `GpuEvidence` of `@dcml/attestation`. */
export interface SimulatedGpuEvidence {
  readonly kind: 'gpu' | 'switch'
  readonly report: Uint8Array
  readonly certificates: string
  readonly rims: readonly string[]
  readonly revocations: readonly Uint8Array[]
  readonly nras?: string
}

/** Everything of a device's evidence that does not depend on the nonce. */
export type Vouchers = Omit<SimulatedGpuEvidence, 'kind' | 'report' | 'nras'>

/** The request and the signed response. */
export function issueReport({ request, response, reportSigner }: DeviceBlueprint): Uint8Array {
  const body = concatBytes(encodeRequest(request), encodeResponse(response))
  return concatBytes(body, fastSigner(reportSigner)(body))
}

/** Certificates, reference values and revocation status of a device. */
export function issueVouchers(plan: DeviceBlueprint): Vouchers {
  const certificates = plan.rimChain.map(issueCertificate)
  return {
    certificates: pemChain(...plan.chain.map(issueCertificate)),
    rims: plan.rims.map((rim) => issueRim({ ...rim, certificates })),
    revocations: [...plan.ocsp.map(issueOcsp), ...plan.crls.map(issueCrl)],
  }
}

export const issueDevice = (plan: DeviceBlueprint): SimulatedGpuEvidence => ({
  kind: plan.kind,
  report: issueReport(plan),
  ...issueVouchers(plan),
})
