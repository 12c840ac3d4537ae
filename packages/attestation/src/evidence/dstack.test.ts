// Evidence of a workload that dstack started: its manifest is an app-compose text, its log is dstack's own.
import { toHex, utf8 } from '@dcml/protocol'
import { expect, test } from 'vitest'
import { failures, manifest, policyFor, simulator } from '../../test/world.ts'
import { mrConfigId } from '../tdx/config-id.ts'
import { encodeClaims, reportData } from './claims.ts'
import { eventDigest } from './event-log.ts'
import { evidenceToJson } from './evidence.ts'
import { imageH } from './manifest.ts'
import { type EvidenceResult, verifyEvidence } from './verify.ts'
import { parseWorkloadManifest } from './workload.ts'

const now = new Date()
const fill = (byte: number, length = 32): Uint8Array => new Uint8Array(length).fill(byte)
const appCompose = utf8(
  JSON.stringify({ manifest_version: 2, name: 'chat', runner: 'docker-compose', allowed_envs: [] }),
)
const composeHash = imageH(appCompose)

type Event = [name: string, payload: Uint8Array]
const boot = (compose = composeHash): Event[] => [
  ['system-preparing', fill(0, 0)],
  ['app-id', compose.slice(0, 20)],
  ['compose-hash', compose],
  ['instance-id', fill(1, 20)],
  ['boot-mr-done', fill(0, 0)],
  ['key-provider', utf8('{"name":"none","id":""}')],
  ['system-ready', fill(0, 0)],
]

interface Story {
  readonly events?: Event[]
  readonly manifest?: Uint8Array
  /** Shows the events in a log of DCML's own form. */
  readonly ownForm?: boolean
  readonly mrConfigId?: Uint8Array
}

/** Evidence of a TD that dstack started, judged by who accepts its manifest. */
async function judge({
  events = boot(),
  manifest: text = appCompose,
  ownForm,
  ...fields
}: Story = {}): Promise<EvidenceResult> {
  const { createTee, roots } = await simulator()
  const tee = createTee({ imageH: imageH(text), ...fields })
  const firmware = tee.snapshot().events.filter(({ imr }) => imr < 3)
  tee.restore({ events: [...firmware, ...events.map(([event, payload]) => ({ imr: 3, event, payload }))] })
  const claims = encodeClaims({
    purpose: 'session',
    nonce: fill(1),
    tlsSpki: fill(2),
    hpkeKey: fill(3),
    sessionKey: fill(4),
    imageH: imageH(text),
    modelH: fill(5),
    boot: fill(6),
    iat: now.getTime(),
  })
  const cpu = await tee.quote(reportData('session', claims))
  if (cpu.tee !== 'tdx') throw new Error('not TDX')
  const log = [
    ...firmware.map((event) => ({ ...event, type: 4 })),
    ...events.map(([event, payload]) => ({ imr: 3, event, payload, type: 0x0800_0001 })),
  ]
  const eventLog = utf8(
    JSON.stringify(
      log.map(({ imr, event, payload, type }) => ({
        imr,
        event_type: type,
        digest: toHex(eventDigest(event, payload)),
        event,
        event_payload: toHex(payload),
      })),
    ),
  )
  return verifyEvidence({
    evidence: evidenceToJson({ claims, cpu: ownForm ? cpu : { ...cpu, eventLog }, gpu: [], manifest: text }),
    policy: await policyFor({ imageH: [toHex(imageH(text))], binding: 'key' }),
    roots,
    now,
    expect: { purpose: 'session' },
  })
}

test('is accepted, and restricts no models', async () => {
  const result = await judge()
  expect(failures(result.checks)).toEqual([])
  expect(result.manifest).toEqual({ kind: 'dstack', name: 'chat', models: 'any' })
})

test('events that the app measured later say nothing, whatever their names', async () => {
  const later: Event[] = [
    ['image', fill(9)],
    ['ready', fill(0, 0)],
    ['compose', fill(9)],
  ]
  expect((await judge({ events: [...boot(), ...later] })).ok).toBe(true)
})

test.each<[string, Story, string[]]>([
  ['another app-compose text measured', { events: boot(fill(7)) }, ['event_log']],
  ['a second compose-hash', { events: [...boot(), ['compose-hash', composeHash]] }, ['event_log']],
  ['nothing measured', { events: [] }, ['event_log']],
  ['an app that never became ready', { events: boot().slice(0, -1) }, ['event_log']],
  ['a log in another form', { ownForm: true }, ['event_log']],
  ["the host's configuration for another app", { mrConfigId: mrConfigId(fill(7)) }, ['image_h', 'mr_config_id']],
  ["a manifest of ours beside dstack's log", { manifest: manifest() }, ['event_log']],
  [
    "a manifest of ours that an app of dstack's has measured",
    { manifest: manifest(), ownForm: true, events: [...boot(), ['image', imageH(manifest())], ['ready', fill(0, 0)]] },
    ['event_log'],
  ],
])('refused: %s', async (_, story, checks) => {
  const result = await judge(story)
  expect(result.ok).toBe(false)
  expect(failures(result.checks)).toEqual(checks)
})

test('a manifest says by its own form whose it is', () => {
  expect(parseWorkloadManifest(manifest())).toMatchObject({ kind: 'dcml', name: 'chat', models: 'any' })
  expect(parseWorkloadManifest(utf8('{"manifest_version":"2"}'))).toEqual({ kind: 'dstack', name: '', models: 'any' })
  for (const text of ['', '[]', 'null', '{}', '{"manifest_version":true}', '{"v":1,"manifest_version":null}'])
    expect(() => parseWorkloadManifest(utf8(text))).toThrow(expect.objectContaining({ code: 'manifest_malformed' }))
})
