import { equalBytes } from '@dcml/protocol'
import type { Environment } from '../check.ts'
import { environmentOf, findRoot, requireEnvironment } from '../roots/trust.ts'
import type { GpuEvidence } from '../tee.ts'
import type { Certificate } from '../x509/certificate.ts'
import type { Chains } from '../x509/chain.ts'
import { Refusal } from '../x509/der.ts'
import { each, type Named } from './each.ts'
import { type DeviceFields, readGpuFields } from './fields.ts'
import { distinctStatements, readStatement, type Statement } from './revocation.ts'
import { type Rim, readRim } from './rim.ts'
import { type GpuReport, MAX_GPU_REPORT_BYTES, readGpuReport } from './spdm.ts'
import type { GpuJudge } from './verify.ts'

/** A manifest with its signer's chain. */
export interface SignedRim {
  readonly rim: Rim
  readonly chain: readonly Certificate[]
}

/** Everything that was read, device by device; each part undefined where it could not be, or where no trust leads to it. */
export interface ReadEvidence {
  readonly reports: readonly Named<GpuReport>[] | undefined
  readonly fields: readonly Named<DeviceFields>[] | undefined
  readonly chains: readonly Named<readonly Certificate[]>[] | undefined
  /** The same object for the same text, whichever devices brought it. */
  readonly rims: readonly Named<readonly SignedRim[]>[] | undefined
  readonly statements: readonly Named<Statement>[] | undefined
  readonly environment: Environment | undefined
}

/** A device has two at most; what is too many is for `gpu_rim_match` to say. */
const MAX_RIMS = 4

/** From bytes and texts to what they say, and to the roots that stand behind them. */
export async function readEvidence(
  { list, chains, policy, environment, roots }: GpuJudge,
  devices: readonly Named<GpuEvidence>[] | undefined,
): Promise<ReadEvidence> {
  const reports = await list.run('gpu_report_format', [devices], (all) =>
    // A copy, for the caller's buffer could change between two checks.
    each(all, ({ report }) => readGpuReport(Uint8Array.from(report.subarray(0, MAX_GPU_REPORT_BYTES + 1)))),
  )
  const fields = await list.run('gpu_fields', [devices, reports], (all, read) =>
    each(all, ({ kind }, i) => readGpuFields(kind, read[i]!.value.opaque)),
  )
  const certificates = await list.run('gpu_certificates', [devices], (all) =>
    each(all, (device) => requireSome(chains.read(device.certificates))),
  )
  const rims = await list.run('gpu_rim_format', [devices], (all) => readRims(all, chains))
  const statements = await readStatements(list, policy.revocation, chains, devices)

  const root = await list.run('gpu_root_pinned', [certificates], (all) => findRoot(byName(all), roots.device))
  const rimRoot = await list.run('gpu_rim_root_pinned', [rims], (all) => {
    const ofRims = all.flatMap(({ name, value }) =>
      value.map(({ chain }, i) => ({ name: `${name}, RIM ${i}`, value: chain })),
    )
    // Whether there have to be any is for `gpu_rim_match` to say.
    if (ofRims.length === 0) return true
    const found = findRoot(byName(ofRims), roots.rim)
    if (root && equalBytes(found.der, root.der)) throw new Refusal('the RIMs end in the root of devices')
    return found
  })
  const judged = await list.run('gpu_environment', [certificates, rims], (ofDevices, ofRims) => {
    const ends = [
      ...ofDevices.map(({ value }) => value),
      ...ofRims.flatMap(({ value }) => value.map(({ chain }) => chain)),
    ]
    const responders = (statements ?? []).flatMap(({ value }) => value.responders)
    for (const chain of ends) requireEnvironment(chain.at(-1)!, [...chain, ...responders], environment)
    return environment
  })
  return {
    reports,
    fields,
    chains: root && judged && certificates,
    rims: rimRoot && judged && rims,
    statements: judged && statements,
    environment: root && certificates && environmentOf([root, ...certificates.flatMap(({ value }) => value)]),
  }
}

function readRims(
  devices: readonly Named<GpuEvidence>[],
  chains: Chains,
): Promise<readonly Named<readonly SignedRim[]>[]> {
  const known = new Map<string, SignedRim>()
  return each(devices, ({ rims }) => {
    if (rims.length > MAX_RIMS) throw new Refusal(`more than ${MAX_RIMS} RIMs`)
    return rims.map((text) => {
      const read = known.get(text) ?? readSignedRim(text, chains)
      known.set(text, read)
      return read
    })
  })
}

function readSignedRim(text: string, chains: Chains): SignedRim {
  const rim = readRim(text)
  return { rim, chain: requireSome(rim.certificates.map((der) => chains.readDer(der))) }
}

async function readStatements(
  list: GpuJudge['list'],
  revocation: 'required' | 'off',
  chains: Chains,
  devices: readonly Named<GpuEvidence>[] | undefined,
): Promise<readonly Named<Statement>[] | undefined> {
  if (revocation === 'required')
    return list.run('gpu_revocation_format', [devices], (all) =>
      each(distinctStatements(all.map(({ name, value }) => ({ name, value: value.revocations }))), (der) =>
        readStatement(der, chains),
      ),
    )
  list.skip('gpu_revocation_format', NOT_ASKED)
  return []
}

/** Why revocation is skipped. */
export const NOT_ASKED = 'The policy does not ask for revocation.'

const byName = (chains: readonly Named<readonly Certificate[]>[]): Record<string, readonly Certificate[]> =>
  Object.fromEntries(chains.map(({ name, value }) => [name, value]))

function requireSome(chain: readonly Certificate[]): readonly Certificate[] {
  if (chain.length === 0) throw new Refusal('there is no certificate')
  return chain
}
