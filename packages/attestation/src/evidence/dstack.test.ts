// Evidence of a workload that dstack started: its manifest is an app-compose text, its log is dstack's own.
import { concatBytes, toHex, utf8 } from '@dcml/protocol'
import { sha256 } from '@noble/hashes/sha2.js'
import { keccak_256 } from '@noble/hashes/sha3.js'
import fc from 'fast-check'
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

/** dstack's layout of a digest in MRCONFIGID. */
const configId = (form: number, digest: Uint8Array): Uint8Array => concatBytes(Uint8Array.of(form), digest, fill(0, 15))
const hashOf = (document: string): Uint8Array =>
  sha256(concatBytes(utf8('dstack-mr-config-v3:'), fill(0, 1), utf8(document)))

const KMS = fill(3, 91)
/** As {@link boot}, of an app that pins its KMS, on a machine of dstack 0.6 with GPUs. */
const pinned = (): Event[] => [
  ...boot().slice(0, 3),
  ['init-script-hash', fill(7)],
  ['gpu-policy-hash', fill(8)],
  ...boot().slice(3, 5),
  ['key-provider', utf8(JSON.stringify({ name: 'kms', id: toHex(KMS) }))],
  ['system-ready', fill(0, 0)],
]
/** The document that the host made for it, in canonical form, with some of its members changed. */
const documentOf = (changed: object = {}): string =>
  JSON.stringify({
    app_id: toHex(composeHash.slice(0, 20)),
    compose_hash: toHex(composeHash),
    gpu_policy_hash: '08'.repeat(32),
    init_script_hashes: ['07'.repeat(32)],
    instance_id: '01'.repeat(20),
    key_provider: 'kms',
    key_provider_id: toHex(KMS),
    version: 3,
    ...changed,
  })
const formTwo = (kind: number, compose = composeHash): Uint8Array =>
  configId(2, keccak_256(concatBytes(compose, composeHash.slice(0, 20), Uint8Array.of(kind), KMS)))
const formThree = (changed?: object): Uint8Array => configId(3, hashOf(documentOf(changed)))

interface Story {
  readonly events?: Event[]
  readonly manifest?: Uint8Array
  /** Shows the events in a log of DCML's own form. */
  readonly ownForm?: boolean
  readonly mrConfigId?: Uint8Array
  readonly modelH?: Uint8Array
}

/** Evidence of a TD that dstack started, judged by who accepts its manifest. */
async function judge({
  events = boot(),
  manifest: text = appCompose,
  ownForm,
  modelH = fill(5),
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
    modelH,
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

test.each<[string, Story]>([
  ['form 2', { mrConfigId: formTwo(2) }],
  ['form 3', { mrConfigId: formThree() }],
  ['form 3 of a machine without GPUs', { mrConfigId: formThree({ gpu_policy_hash: undefined }) }],
  ['form 3 of an older app-compose file', { mrConfigId: formThree({ init_script_hashes: undefined }) }],
  ['form 3 of an app that takes any KMS', { mrConfigId: formThree({ key_provider_id: undefined }) }],
])('MRCONFIGID of %s names the compose file too', async (_, story) => {
  const { ok, checks } = await judge({ events: pinned(), ...story })
  expect(failures(checks)).toEqual([])
  expect(ok).toBe(true)
  const { why } = checks.find(({ name }) => name === 'mr_config_id')!
  expect(why).toContain(`form ${story.mrConfigId![0]}`)
})

test.each<[string, Uint8Array]>([
  ['none', fill(0, 48)],
  ['form 2 over another compose hash', formTwo(2, fill(7))],
  ['form 2 with another kind of key provider', formTwo(1)],
  ['form 2 with bytes behind it', formTwo(2).with(47, 1)],
  ['form 3 over another compose hash', formThree({ compose_hash: '07'.repeat(32) })],
  ['form 3 over another app', formThree({ app_id: '07'.repeat(20) })],
  ['form 3 in a spelling of its own', configId(3, hashOf(`${documentOf()} `))],
  ["form 3 without dstack's tag", configId(3, sha256(utf8(documentOf())))],
  ['a form that nobody knows', formThree().with(0, 4)],
])('MRCONFIGID of %s is refused', async (_, mrConfigId) => {
  const { ok, checks } = await judge({ events: pinned(), mrConfigId })
  expect(ok).toBe(false)
  expect(failures(checks)).toEqual(['image_h', 'mr_config_id'])
})

test('MRCONFIGID of form 2 or 3 says nothing without the events that it is over', async () => {
  for (const mrConfigId of [formTwo(2), formThree()]) {
    expect(failures((await judge({ mrConfigId })).checks)).toEqual(['image_h', 'mr_config_id'])
    const unread = await judge({ events: pinned(), ownForm: true, mrConfigId })
    expect(failures(unread.checks)).toEqual(['image_h', 'mr_config_id', 'event_log'])
  }
  const odd = pinned().map(
    ([name, payload]): Event => [name, name === 'key-provider' ? utf8('{"name":"me"}') : payload],
  )
  expect(failures((await judge({ events: odd, mrConfigId: formThree() })).checks)).toEqual(['image_h', 'mr_config_id'])
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
    'a manifest of ours under a form of MRCONFIGID that our boot code does not read',
    {
      manifest: manifest(),
      events: boot(imageH(manifest())),
      mrConfigId: configId(
        2,
        keccak_256(concatBytes(imageH(manifest()), imageH(manifest()).slice(0, 20), Uint8Array.of(0))),
      ),
    },
    ['mr_config_id', 'event_log'],
  ],
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

const NETWORK = { networkId: 'mainnet', contract: 'model.near' }
/** An app-compose text with this as its member `dcml`, written as JSON. */
const composeWith = (member: string, rest = '"name":"chat"'): Uint8Array =>
  utf8(`{ "manifest_version": 2, "dcml": ${member},\n ${rest} }`)

test('the app-compose text may restrict the models', async () => {
  const text = composeWith(`{ "v": 1, "models": ["${toHex(fill(5))}"] }`)
  const story = { manifest: text, events: boot(imageH(text)) }
  const result = await judge(story)
  expect(result).toMatchObject({ ok: true, manifest: { kind: 'dstack', models: [toHex(fill(5))] } })
  const other = await judge({ ...story, modelH: fill(6) })
  expect(other.ok).toBe(false)
  expect(failures(other.checks)).toEqual(['model_h'])
})

test('which models, contract and trust root it names is part of its identity', async () => {
  const [honest, bent] = ['aa', 'ab'].map((byte) =>
    composeWith(JSON.stringify({ v: 1, models: [byte.repeat(32)], network: NETWORK, trustRoot: '{}' })),
  ) as [Uint8Array, Uint8Array]
  const result = await judge({ manifest: bent, events: boot(imageH(honest)), modelH: fill(0xab) })
  expect(failures(result.checks)).toEqual(['event_log'])
})

test('a manifest says by its own form whose it is', () => {
  expect(parseWorkloadManifest(manifest())).toMatchObject({ kind: 'dcml', name: 'chat', models: 'any' })
  expect(parseWorkloadManifest(utf8('{"manifest_version":"2"}'))).toEqual({ kind: 'dstack', name: '', models: 'any' })
  for (const text of ['', '[]', 'null', '{}', '{"manifest_version":true}', '{"v":1,"manifest_version":null}'])
    expect(() => parseWorkloadManifest(utf8(text))).toThrow(expect.objectContaining({ code: 'manifest_malformed' }))
})

test('an app-compose text says by its member dcml what is loaded and who is paid', () => {
  const terms = { models: ['aa'.repeat(32)], network: NETWORK, trustRoot: '{"a":"\\n"}', anchor: 'anchor.near' }
  const written = JSON.stringify({ v: 1, ...terms }, null, 2)
  // whatever else dstack reads is dstack's affair
  const free = ['"name":"a","name":"chat"', '"name":"ch\\u0061t"', '"name":"chat","__proto__":{"x":1e2}']
  for (const rest of free)
    expect(parseWorkloadManifest(composeWith(written, rest))).toEqual({ kind: 'dstack', name: 'chat', ...terms })
  const quoted = `"name":"chat","docker_compose_file":${JSON.stringify('"dcml": {"v": 1}, }{')}`
  expect(parseWorkloadManifest(utf8(`{"manifest_version":2,${quoted}}`))).toMatchObject({ models: 'any' })
  expect(parseWorkloadManifest(utf8(`{"manifest_version":2,"a":{"dcml":0}}`))).toMatchObject({ models: 'any' })
})

const MODELS = `"models":["${'aa'.repeat(32)}"]`
const TERMS = `{"v":1,${MODELS}}`
test.each([
  ['null', composeWith('null')],
  ['text', composeWith('"any"')],
  ['no version', composeWith(`{${MODELS}}`)],
  ['another version', composeWith(`{"v":2,${MODELS}}`)],
  ['no models', composeWith('{"v":1}')],
  ['an unknown member', composeWith(`{"v":1,${MODELS},"env":{}}`)],
  ['a doubled member', composeWith(`{"v":1,"models":"any",${MODELS}}`)],
  ['a reserved name', composeWith(`{"v":1,${MODELS},"network":{"networkId":"a","contract":"b","__proto__":{}}}`)],
  ['a needless escape', composeWith(`{"v":1,${MODELS.replace('models', 'm\\u006fdels')}}`)],
  ['a number in another form', composeWith(`{"v":1.0,${MODELS}}`)],
  ['a trust root without a contract', composeWith(`{"v":1,${MODELS},"trustRoot":"{}"}`)],
  [
    'a trust root for any model',
    composeWith(JSON.stringify({ v: 1, models: 'any', network: NETWORK, trustRoot: '{}' })),
  ],
  ['a second one', composeWith(TERMS, `"dcml":${TERMS}`)],
  ['a second one under a hidden name', composeWith(TERMS, `"dc\\u006dl":${TERMS}`)],
  ['a hidden name', utf8(`{"manifest_version":2,"dc\\u006dl":${TERMS}}`)],
  ['a depth that ends parsers', composeWith(`${'['.repeat(20_000)}${']'.repeat(20_000)}`)],
])('an app-compose text whose member dcml has %s is refused', (_, text) => {
  expect(() => parseWorkloadManifest(text)).toThrow(expect.objectContaining({ code: 'manifest_malformed' }))
})

test('any text is read or refused, and no other than a whole member dcml names terms', () => {
  const piece = fc.constantFrom(
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '"dcml"',
    '"manifest_version"',
    '2',
    ' ',
    '"',
    '\\',
    TERMS,
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 14 }), (pieces) => {
      try {
        const read = parseWorkloadManifest(utf8(`{"manifest_version":2,${pieces.join('')}}`))
        if (read.models !== 'any') expect(read.models).toEqual(['aa'.repeat(32)])
      } catch (error) {
        expect(error).toMatchObject({ code: 'manifest_malformed' })
      }
    }),
  )
})
