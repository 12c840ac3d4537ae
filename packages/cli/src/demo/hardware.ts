// The same workload on a machine of another maker: AMD's TEE, and a GPU that belongs to it.
import { cp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Act, must, ready, type Story, serve, trust } from './story.ts'

type Verdict = readonly { readonly name: string; readonly status: string }[]

/** What the GPU of the host has to show, beside what {@link trust} says. */
const policyOf = ({ manifest }: Story, tee: 'tdx' | 'snp'): string =>
  JSON.stringify({
    environment: 'development',
    tee: [tee],
    imageH: [manifest.imageH],
    images: 'any',
    snp: { minTcb: { Milan: LEAST, Genoa: LEAST, Turin: { fmc: 0, ...LEAST } } },
    gpu: { count: 1 },
    binding: 'session-quoted',
  })
const LEAST = { bootloader: 0, tee: 0, snp: 0, microcode: 0 }

export const otherHardware: Act = {
  name: 'other-hardware',
  async play(story) {
    const { stage, b, modelH, manifest } = story
    const folder = await stage.folder('host-d')
    await cp(manifest.path, join(folder, 'image.json'))
    await cp(join(b.folder, 'model.dcmw'), join(folder, 'model.dcmw'))
    const d = await stage.host('host-d', serve('host-d', ['simulator-snp', '--gpu', 'simulator']))
    must(
      await stage.run('host-d', [
        'runtime',
        'request-sk',
        b.address,
        '--to',
        d.address,
        '--model-h',
        modelH,
        ...trust(story),
      ]),
    )
    await ready(d)

    const alice = await stage.folder('alice')
    await writeFile(join(alice, 'snp.json'), policyOf(story, 'snp'))
    await writeFile(join(alice, 'tdx.json'), policyOf(story, 'tdx'))
    const show = (policy: string) =>
      stage.run('alice', ['attest', 'show', d.address, '--policy', policy, '--development'])
    const { checks } = must(await show('snp.json')) as { checks: Verdict }
    const missing = ['snp_report_signature', 'gpu_nonce', 'gpu_evidence'].filter(
      (name) => !checks.some((check) => check.name === name && check.status === 'pass'),
    )
    if (missing.length > 0) throw new Error(`${missing} did not pass`)
    const { json } = await show('tdx.json')
    const refused = (json.error as { code?: string } | undefined)?.code
    if (refused !== 'attestation_refused') throw new Error(`a policy for TDX let SEV-SNP in: ${JSON.stringify(json)}`)
    await d.stop()
    await rm(folder, { recursive: true })
    return 'sk went from a TDX enclave to an SEV-SNP enclave whose GPU signed the keys of that enclave; a TDX policy refuses it'
  },
}
