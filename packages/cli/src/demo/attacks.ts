// What the host, or someone else's host, tries against B and Alice. An act is good when the attack is refused, by the
// check that is meant to refuse it.
import { cp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { moneyAttacks } from './money-attacks.ts'
import { proofAttacks } from './proof-attacks.ts'
import { SEEN_FILE } from './relay.ts'
import { fingerprints, scan } from './scan.ts'
import type { Finished } from './stage.ts'
import { type Act, must, type Story, serve, trust, writeManifest } from './story.ts'

/** Names of the failed checks behind a refusal. */
function refusal({ code, json }: Finished): { code: string; failed: string } {
  const error = json.error as { code: string; details?: { failed?: string } } | undefined
  if (code === 0 || error === undefined) throw new Error('the attack was not refused')
  return { code: error.code, failed: String(error.details?.failed ?? '') }
}

/** @throws where the refusal came from another code or check than the one that is meant */
function expectRefusal(finished: Finished, code: string, check?: string): void {
  const refused = refusal(finished)
  if (refused.code !== code || (check !== undefined && !refused.failed.split(',').includes(check)))
    throw new Error(`refused by ${refused.code} (${refused.failed}), not by ${code} (${check ?? 'any check'})`)
}

const ask = (story: Story, address: string, flags: readonly string[]): Promise<Finished> =>
  story.stage.run('alice', ['chat', 'Hello', '--endpoint', `https://${address}`, '--max-tokens', '4', ...flags])

export const attacks: readonly Act[] = [
  {
    name: 'wrong-image',
    async play(story) {
      const { stage, b, modelH } = story
      const folder = await stage.folder('host-m')
      await writeManifest(folder, { env: { LOG_PROMPTS: '1' } })
      await cp(join(b.folder, 'model.dcmw'), join(folder, 'model.dcmw'))
      const m = await stage.host('host-m', serve('host-m'))
      const flags = ['--to', m.address, '--model-h', modelH, ...trust(story)]
      expectRefusal(
        await stage.run('host-m', ['runtime', 'request-sk', b.address, ...flags]),
        'attestation_refused',
        'image_h',
      )
      expectRefusal(await ask(story, m.address, trust(story)), 'attestation_refused', 'image_h')
      await m.stop()
      return 'an enclave that would log prompts has another imageH: B gives it no key, Alice sends it nothing'
    },
  },
  {
    name: 'tampered-weights',
    async play(story) {
      const { stage, b, manifest, modelH } = story
      const folder = await stage.folder('host-t')
      await cp(manifest.path, join(folder, 'image.json'))
      const sealed = await readFile(join(b.folder, 'model.dcmw'))
      const middle = sealed.length >> 1
      sealed[middle] = sealed[middle]! ^ 1
      await writeFile(join(folder, 'model.dcmw'), sealed)
      const t = await stage.host('host-t', serve('host-t'))
      must(
        await stage.run('host-t', [
          'runtime',
          'request-sk',
          b.address,
          '--to',
          t.address,
          '--model-h',
          modelH,
          ...trust(story),
        ]),
      )
      const code = await failure(t.adminUrl)
      await t.stop()
      if (code !== 'container_segment_tampered') throw new Error(`the load ended with ${code}`)
      return 'one flipped bit in the sealed weights: the enclave has the key and refuses to load them'
    },
  },
  {
    name: 'relay',
    async play(story) {
      const { stage, b } = story
      const relay = await stage.host('relay', ['demo-relay', b.address])
      expectRefusal(await ask(story, relay.address, trust(story)), 'attestation_refused', 'session_signature')
      await relay.stop()
      const seen = await readFile(join(relay.folder, SEEN_FILE), 'utf8')
      if (/POST|Hello/.test(seen)) throw new Error('the relay read a prompt')
      return "a relay passes on B's genuine evidence; it is not bound to the relay's connection, so Alice sent nothing"
    },
  },
  {
    name: 'simulated-in-production',
    async play(story) {
      const { stage, b, manifest } = story
      const policy = { imageH: [manifest.imageH], images: 'any' }
      await writeFile(join(await stage.folder('alice'), 'production.json'), JSON.stringify(policy))
      const production = ['--policy', 'production.json']
      expectRefusal(await ask(story, b.address, production), 'attestation_refused', 'root_pinned')
      const flags = serve('host-b').filter((flag) => flag !== '--development')
      expectRefusal(await stage.run('host-b', flags), 'tee_environment_refused')
      return 'under a production policy the simulated enclave is refused, and a runtime will not even start in it'
    },
  },
  ...proofAttacks,
  ...moneyAttacks,
]

/** The last act, when all parties have left what they leave. */
export const hostReadsDisk: Act = {
  name: 'host-reads-disk',
  async play({ stage, canary, modelPath, sk }) {
    const secrets = fingerprints(await readFile(modelPath), 64, 32)
    const key = Buffer.from(sk)
    for (const [name, secret] of Object.entries({
      prompt: canary,
      'sk as hex': key.toString('hex'),
      'sk as base64url': key.toString('base64url'),
      'sk as bytes': key,
    }))
      secrets.set(name, Buffer.from(secret))
    await findsWhatIsThere(await stage.folder('control'), secrets)
    const { files, found } = await scan([stage.root], secrets)
    if (found.length > 0) throw new Error(`found on disk: ${found.join('; ')}`)
    return `${files} files and logs that all parties left hold none of ${secrets.size} pieces of weights, key and prompt`
  },
}

/** Waits for a load to fail. @returns the code it failed with, or `ready` */
async function failure(adminUrl: string): Promise<string> {
  for (;;) {
    const { phase, error } = (await (await fetch(`${adminUrl}/readyz`)).json()) as {
      phase: string
      error?: { code: string }
    }
    if (phase === 'failed') return error!.code
    if (phase === 'ready') return phase
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

/** A search that finds nothing proves something only if it would have found it. */
async function findsWhatIsThere(folder: string, secrets: ReadonlyMap<string, Uint8Array>): Promise<void> {
  await writeFile(join(folder, 'control'), Buffer.concat([...secrets.values()]))
  const { found } = await scan([folder], secrets)
  await rm(folder, { recursive: true })
  if (secrets.size < 36 || found.length !== secrets.size) throw new Error('the search misses what is there')
}
