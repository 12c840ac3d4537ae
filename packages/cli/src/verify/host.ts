import { AttestationRefused } from '@dcml/attestation'
import { connectAttested } from '@dcml/attestation/node'
import { formatChecks } from '../checks.ts'
import { parseAddress } from '../options.ts'
import type { Output } from '../output.ts'
import { resolveTrust, type TrustFlags } from '../trust.ts'

/** Connects to a host of DCML, verifies its enclave on that connection and tells every check, refused or not. */
export async function verifyHost(address: string, flags: TrustFlags, { result }: Output): Promise<void> {
  const target = { ...parseAddress(address), ...(await resolveTrust(flags, 'client')) }
  try {
    const { socket, result: attested } = await connectAttested(target)
    socket.destroy()
    const { checks, environment, platform, warnings } = attested
    const label = environment === 'development' ? ', DEVELOPMENT evidence: proves nothing' : ''
    const told = warnings.map(({ code, text }) => `\n  - ${code}: ${text}`).join('')
    result(`${formatChecks(checks)}\n\nHOLDS: DCML, on this connection${label}${told && `\n\nMind:${told}`}`, {
      service: 'DCML',
      ok: true,
      verdict: 'holds',
      environment,
      platform,
      warnings,
      checks,
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
