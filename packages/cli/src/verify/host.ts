import { AttestationRefused, type Attested } from '@dcml/attestation'
import { connectAttested } from '@dcml/attestation/node'
import { formatChecks, formatLabel, formatWarnings } from '../checks.ts'
import { parseAddress } from '../options.ts'
import type { Output } from '../output.ts'
import { resolveTrust, type TrustFlags } from '../trust.ts'

/** Every check, the verdict, and what a reader should mind though nothing failed. */
export const formatAttested = ({ checks, environment, warnings }: Attested, verdict: string): string =>
  [formatChecks(checks), verdict + formatLabel(environment), formatWarnings(warnings)].filter(Boolean).join('\n\n')

/** The same as JSON. */
export const attestedJson = ({ ok, environment, platform, warnings, checks }: Attested): object => ({
  ok,
  environment,
  platform,
  warnings,
  checks,
})

/** Connects to a host of DCML, verifies its enclave on that connection and tells every check, refused or not. */
export async function verifyHost(address: string, flags: TrustFlags, { result }: Output): Promise<void> {
  const target = { ...parseAddress(address), ...(await resolveTrust(flags, 'client')) }
  try {
    const { socket, result: attested } = await connectAttested(target)
    socket.destroy()
    result(formatAttested(attested, 'HOLDS: DCML, on this connection'), {
      service: 'DCML',
      verdict: 'holds',
      ...attestedJson(attested),
    })
  } catch (error) {
    if (!(error instanceof AttestationRefused)) throw error
    const { checks } = error
    result(`${formatChecks(checks)}\n\nREFUSED: DCML. ${error.hint}`, {
      service: 'DCML',
      ok: false,
      verdict: 'refused',
      checks,
    })
    process.exitCode = 1
  }
}
