// Genuine evidence of NVIDIA devices from public repositories, and NVIDIA's own manifests. Skipped where the vectors are
// absent. None of it is whole: the manifests of the GPUs that were captured are not published beside them.
import { createHash, createVerify, X509Certificate } from 'node:crypto'
import { fromHex, toHex } from '@dcml/protocol'
import { base64 } from '@scure/base'
import { describe, expect, test } from 'vitest'
import { C14nCanonicalization, SignedXml } from 'xml-crypto'
import { findVector } from '../../../test/vectors.ts'
import { type GpuEvidence, type GpuVerification, parsePolicy, readGpuReport, verifyGpuEvidence } from '../src/index.ts'
import { readRim } from '../src/nvidia/rim.ts'
import { nvidiaDeviceRoots, nvidiaRimRoots } from '../src/nvidia/trust.ts'
import { NVIDIA_CORIM_ROOT_CA_SHA256, NVIDIA_DEVICE_IDENTITY_CA_SHA256 } from '../src/roots/nvidia.ts'

type Name = Parameters<typeof findVector>[0]
const textOf = (name: Name): string | undefined => {
  const bytes = findVector(name)
  return bytes && new TextDecoder().decode(bytes)
}

const now = new Date('2026-11-21T12:00:00Z')
const gpu = { revocation: 'off' } as const

function judge(devices: readonly GpuEvidence[], demands: object = {}, at = now): Promise<GpuVerification> {
  const nonce = devices[0]?.report.slice(4, 36)
  return verifyGpuEvidence({ devices, nonce, now: at, policy: parsePolicy({ gpu: { ...gpu, ...demands } }) })
}
const failed = ({ checks }: GpuVerification): string[] =>
  checks.filter(({ status }) => status === 'fail').map(({ name }) => name)
const why = ({ checks }: GpuVerification, name: string): string | undefined =>
  checks.find((check) => check.name === name)?.why

/** NVIDIA's serialised form: base64 of report and of PEM. */
function fromJson(kind: 'gpu' | 'switch', name: Name): GpuEvidence[] | undefined {
  const text = textOf(name)
  if (!text) return undefined
  return JSON.parse(text).map(({ evidence, certificate }: { evidence: string; certificate: string }) => ({
    kind,
    report: base64.decode(evidence),
    certificates: new TextDecoder().decode(base64.decode(certificate)),
    rims: [],
    revocations: [],
  }))
}

function fromFolder(kind: 'gpu' | 'switch', folder: string, rims: readonly Name[] = []): GpuEvidence | undefined {
  const report = textOf(`attestation/gpu/${folder}/report.hex` as Name)
  const certificates = textOf(`attestation/gpu/${folder}/chain.pem` as Name)
  const texts = rims.map(textOf)
  if (!report || !certificates || texts.includes(undefined)) return undefined
  return { kind, report: fromHex(report.trim()), certificates, rims: texts as string[], revocations: [] }
}

test('the pinned roots are those that NVIDIA publishes', () => {
  const digest = (root: unknown) =>
    createHash('sha256')
      .update(root as Uint8Array)
      .digest('hex')
  expect(nvidiaDeviceRoots().map(digest)).toEqual([NVIDIA_DEVICE_IDENTITY_CA_SHA256])
  expect(nvidiaRimRoots().map(digest)).toEqual([NVIDIA_CORIM_ROOT_CA_SHA256])
  const published = textOf('attestation/gpu/roots/device-identity-ca.pem')
  if (published) expect(new Uint8Array(new X509Certificate(published).raw)).toEqual(nvidiaDeviceRoots()[0])
})

/** All that evidence without manifests can fail. */
const WITHOUT_RIMS = ['gpu_rim_match']

describe.each([
  ['hopper-550.90', 'GH100', '550.90.07', '96.00.9F.00.01', WITHOUT_RIMS],
  ['blackwell-575.32', 'GB100', '575.32', '97.00.88.00.0F', WITHOUT_RIMS],
  // its driver does not yet say which firmware signs
  ['hopper-535.86', 'GH100', '535.86.09', '96.00.5E.00.01', ['gpu_fwid', ...WITHOUT_RIMS]],
] as const)('the GPU %s', (folder, chip, driver, vbios, failures) => {
  const device = fromFolder('gpu', folder)

  test.skipIf(!device)('is genuine', async () => {
    const verification = await judge([device!], { minDriver: driver, minVbios: vbios })
    expect(failed(verification)).toEqual(failures)
    expect(verification).toMatchObject({ environment: 'production', devices: [{ kind: 'gpu', chip, driver, vbios }] })
  })

  test.skipIf(!device)('is refused for another nonce, chip, driver or VBIOS, and as a switch', async () => {
    const refused = async (demands: object) =>
      failed(await judge([device!], demands)).filter((name) => !failures.includes(name as never))
    expect(await refused({ chips: ['GB200'] })).toEqual(['gpu_chip'])
    expect(await refused({ minDriver: '600.00' })).toEqual(['gpu_min_driver'])
    expect(await refused({ minVbios: '98.00.00.00.00' })).toEqual(['gpu_min_vbios'])
    expect(await refused({ count: 2 })).toEqual(['gpu_count'])
    const policy = parsePolicy({ gpu })
    const other = await verifyGpuEvidence({ devices: [device!], nonce: new Uint8Array(32), now, policy })
    expect(failed(other)).toContain('gpu_nonce')
    const unknown = await verifyGpuEvidence({ devices: [device!], nonce: undefined, now, policy })
    expect(failed(unknown)).toContain('gpu_nonce')
    expect(failed(await judge([{ ...device!, kind: 'switch' }]))).toContain('gpu_fields')
  })
})

describe('a machine of eight GPUs and four switches in protected PCIe', () => {
  const gpus = fromJson('gpu', 'attestation/gpu/ppcie-590.12/gpus.json')
  const switches = fromJson('switch', 'attestation/gpu/ppcie-590.12/switches.json')
  const machine = gpus && switches && [...gpus, ...switches]
  const lost = (names: readonly string[]) => names.filter((name) => !WITHOUT_RIMS.includes(name))

  test.skipIf(!machine)('is genuine and whole', async () => {
    const verification = await judge(machine!, { count: 8, switches: 4 })
    expect(failed(verification)).toEqual(WITHOUT_RIMS)
    const { checks, devices } = verification
    expect(checks.find(({ name }) => name === 'gpu_topology')?.status).toBe('pass')
    expect(devices.filter(({ mode }) => mode === 'ppcie')).toHaveLength(8)
    expect(new Set(devices.map(({ id }) => id)).size).toBe(12)
  })

  test.skipIf(!machine)('misses each device that is taken away', async () => {
    for (let i = 0; i < machine!.length; i++) {
      const verification = await judge(machine!.toSpliced(i, 1))
      expect(lost(failed(verification))).toEqual(['gpu_topology'])
      expect(why(verification, 'gpu_topology')).toMatch(/is linked to [0-9a-f]{16}, which is not here/)
    }
  })

  test.skipIf(!machine)('does not take one device for two', async () => {
    expect(lost(failed(await judge(machine!.with(1, machine![0]!))))).toEqual(['gpu_distinct', 'gpu_topology'])
    expect(lost(failed(await judge(machine!.with(9, machine![8]!))))).toEqual(['gpu_distinct', 'gpu_topology'])
  })

  test.skipIf(!machine)('does not vouch for a GPU alone, nor for its switches', async () => {
    expect(lost(failed(await judge([gpus![0]!])))).toEqual(['gpu_mode'])
    expect(lost(failed(await judge(gpus!)))).toEqual(['gpu_mode'])
    expect(failed(await judge(switches!))).toContain('gpu_count')
  })

  test.skipIf(!machine)('takes no GPU and no switch of another machine', async () => {
    const stranger = fromJson('gpu', 'attestation/gpu/hopper-590.12/evidence.json')
    const other = fromFolder('switch', 'switch-96.10.55')
    if (!stranger || !other) return
    // This GPU is of the same machine, asked under another nonce.
    expect(lost(failed(await judge(machine!.with(0, stranger[0]!).toReversed())))).toEqual(['gpu_nonce'])
    expect(lost(failed(await judge(machine!.with(8, other))))).toEqual(['gpu_nonce', 'gpu_topology'])
  })
})

describe('a switch with its manifest', () => {
  const device = fromFolder('switch', 'switch-96.10.55', ['attestation/gpu/rim/bios-ls10-96.10.55.00.01.xml'])
  /** A switch alone is no machine. */
  const ALONE = ['gpu_count']

  test.skipIf(!device)('measures what NVIDIA says', async () => {
    const verification = await judge([device!])
    expect(failed(verification)).toEqual(ALONE)
    expect(verification.checks.find(({ name }) => name === 'gpu_measurements')?.status).toBe('pass')
  })

  test.skipIf(!device)('is judged at the time of its manifest', async () => {
    expect(failed(await judge([device!], {}, new Date('2029-01-01')))).toEqual([...ALONE, 'gpu_rim_chain'])
    expect(failed(await judge([device!], {}, new Date('2020-01-01')))).toEqual([...ALONE, 'gpu_chain', 'gpu_rim_chain'])
  })

  test.skipIf(!device)('is refused by a development policy', async () => {
    const policy = parsePolicy({ environment: 'development', gpu })
    const { checks } = await verifyGpuEvidence({ devices: [device!], nonce: undefined, now, policy })
    expect(checks.find(({ name }) => name === 'gpu_environment')?.status).toBe('fail')
  })

  test.skipIf(!device)('loses its verdict with any byte of the report', { timeout: 30_000 }, async () => {
    for (let at = 0; at < device!.report.length; at += 7) {
      const report = Uint8Array.from(device!.report)
      report[at]! ^= 1 << (at % 8)
      const nonce = device!.report.slice(4, 36)
      const policy = parsePolicy({ gpu })
      const names = failed(await verifyGpuEvidence({ devices: [{ ...device!, report }], nonce, now, policy }))
      expect(names.join()).toMatch(
        /^gpu_count(,gpu_report_format|,gpu_fields|,gpu_fields,gpu_signature|,gpu_signature)$/,
      )
    }
  })

  test.skipIf(!device)('loses its verdict with any character of chain or manifest', { timeout: 30_000 }, async () => {
    const judged = async (part: 'certificates' | 'rim', at: number) => {
      const text = part === 'rim' ? device!.rims[0]! : device!.certificates
      const flipped = String.fromCharCode(text.charCodeAt(at) ^ (1 << (at % 7)))
      const changed = text.slice(0, at) + flipped + text.slice(at + 1)
      const bent = part === 'rim' ? { ...device!, rims: [changed] } : { ...device!, certificates: changed }
      return failed(await judge([bent])).filter((name) => !ALONE.includes(name))
    }
    for (let at = 0; at < device!.certificates.length - 1; at += 41)
      expect(await judged('certificates', at), `certificates at ${at}`).toEqual([
        expect.stringMatching(/^gpu_(certificates|root_pinned|chain|environment)$/),
      ])
    for (let at = 0; at < device!.rims[0]!.length - 1; at += 149)
      expect(await judged('rim', at), `manifest at ${at}`).toEqual([
        expect.stringMatching(/^gpu_(rim_format|rim_root_pinned|rim_chain|rim_signature)$/),
      ])
  })
})

const RIMS = {
  'driver-gh100-550.144.03': 'good',
  'vbios-gh100-96.00.5E.00.01': 'good',
  'bios-ls10-96.10.55.00.01': 'good',
  'vbios-gb100-97.00.83.00.09-other-chain': 'good',
  'driver-gh100-550.144.03-bad-signature': 'signature',
  'driver-gh100-535.86.09-edited': 'content',
} as const

/** Canonical XML 1.1 differs from 1.0 in `xml:` attributes alone, of which manifests have none. */
class CanonicalXml11 extends C14nCanonicalization {
  override getAlgorithmName = () => 'http://www.w3.org/2006/12/xml-c14n11'
}

describe.each(Object.entries(RIMS))('the manifest %s', (name, flaw) => {
  const text = textOf(`attestation/gpu/rim/${name}.xml` as Name)

  test.skipIf(!text)('reads as xml-crypto reads it', () => {
    const { content, signedInfo, digest, signature, certificates } = readRim(text!)
    const reader = new SignedXml({ publicCert: Buffer.from('-') })
    const canonical: string[] = []
    class Recorder extends CanonicalXml11 {
      override process(...input: Parameters<C14nCanonicalization['process']>): string {
        const output = super.process(...input)
        canonical.push(output)
        return output
      }
    }
    const hashed: string[] = []
    class Sha384 {
      getAlgorithmName = () => 'http://www.w3.org/2001/04/xmldsig-more#sha384'
      getHash = (xml: string): string => {
        hashed.push(xml)
        return createHash('sha384').update(xml).digest('base64')
      }
    }
    let material = ''
    class EcdsaSha384 {
      getAlgorithmName = () => 'http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384'
      getSignature = (): string => ''
      verifySignature = (signed: string): boolean => {
        material = signed
        return true
      }
    }
    reader.CanonicalizationAlgorithms['http://www.w3.org/2006/12/xml-c14n11'] = Recorder as never
    reader.HashAlgorithms['http://www.w3.org/2001/04/xmldsig-more#sha384'] = Sha384 as never
    reader.SignatureAlgorithms['http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384'] = EcdsaSha384 as never
    reader.loadSignature(/<ds:Signature .*<\/ds:Signature>/s.exec(text!)![0])
    expect(reader.checkSignature(text!)).toBe(flaw !== 'content')
    expect(new TextDecoder().decode(content)).toBe(hashed[0])
    if (flaw !== 'content') expect(new TextDecoder().decode(signedInfo)).toBe(material)

    const key = new X509Certificate(certificates[0]!).publicKey
    const verifier = createVerify('sha384').update(signedInfo)
    expect(verifier.verify({ key, dsaEncoding: 'ieee-p1363' }, signature)).toBe(flaw !== 'signature')
    expect(toHex(digest) === createHash('sha384').update(content).digest('hex')).toBe(flaw !== 'content')
  })
})

test('a report cut short anywhere, or with a byte too many, is refused', () => {
  const report = fromFolder('gpu', 'hopper-550.90')?.report
  if (!report) return
  for (let length = 0; length < report.length; length += 7)
    expect(() => readGpuReport(report.subarray(0, length))).toThrow('report:')
  expect(() => readGpuReport(Uint8Array.of(...report, 0))).toThrow('bytes after the signature')
})
