import { toHex, utf8 } from '@dcml/protocol'
import { MAX_CLAIMS_BYTES, parseClaims } from '../../../src/evidence/claims.ts'
import { eventDigest, identityFault, parseEventLog, replayEventLog } from '../../../src/evidence/event-log.ts'
import { MAX_EVIDENCE_BYTES, parseEvidence } from '../../../src/evidence/evidence.ts'
import { MAX_MANIFEST_BYTES } from '../../../src/evidence/manifest.ts'
import { parseWorkloadManifest } from '../../../src/evidence/workload.ts'
import { MAX_CCEL_BYTES, readCcel } from '../../../src/logs/ccel.ts'
import { MAX_DSTACK_LOG_BYTES, readDstackLog } from '../../../src/logs/dstack.ts'
import { dstackIdentity } from '../../../src/logs/dstack-identity.ts'
import type { Target } from '../target.ts'
import { evidenceJson, fullClaims, jsonOf, manifest, plainClaims, tdxEvidence } from './world.ts'

const ownLog = tdxEvidence.cpu.tee === 'tdx' ? tdxEvidence.cpu.eventLog! : new Uint8Array()

const u32 = (value: number) => Uint8Array.of(value & 0xff, (value >> 8) & 0xff, (value >> 16) & 0xff, value >>> 24)
/** A CCEL of the form that firmware writes: header, events, unwritten memory. */
const ccel = (events: number): Uint8Array => {
  const specification = [...utf8('Spec ID Event03\0'), ...new Uint8Array(8), ...u32(1), 0x0c, 0, 48, 0, 0]
  const header = [...u32(1), ...u32(3), ...new Uint8Array(20), ...u32(specification.length), ...specification]
  const event = (i: number) => [
    ...u32(1 + (i % 4)),
    ...u32(0x8000_0003),
    ...u32(1),
    ...[0x0c, 0],
    ...new Uint8Array(48).fill(i),
    ...u32(5),
    ...utf8('event'),
  ]
  return Uint8Array.from([
    ...header,
    ...Array.from({ length: events }, (_, i) => event(i)).flat(),
    ...new Uint8Array(64).fill(0xff),
  ])
}

const dstackEvent = (event: string, payload: Uint8Array) => ({
  imr: 3,
  event_type: 0x0800_0001,
  digest: toHex(eventDigest(event, payload)),
  event,
  event_payload: toHex(payload),
})
const dstackLog = jsonOf([
  { imr: 0, event_type: 4, digest: 'ab'.repeat(48), event: '', event_payload: '' },
  dstackEvent('system-preparing', new Uint8Array()),
  dstackEvent('app-id', new Uint8Array(20)),
  dstackEvent('compose-hash', new Uint8Array(32)),
  dstackEvent('instance-id', new Uint8Array(20)),
  dstackEvent('boot-mr-done', new Uint8Array()),
  dstackEvent('key-provider', utf8('{"name":"kms"}')),
  dstackEvent('system-ready', new Uint8Array()),
])

export const evidence: readonly Target[] = [
  {
    name: 'event log',
    form: 'json',
    seeds: [ownLog],
    longest: 131_072,
    memory: 16,
    refusals: ['event_log_malformed'],
    parse(bytes) {
      const log = parseEventLog(bytes)
      identityFault(log, new Uint8Array(32))
      return replayEventLog(log)
    },
  },
  {
    name: 'CCEL',
    form: 'bytes',
    seeds: [ccel(0), ccel(9)],
    longest: MAX_CCEL_BYTES,
    memory: 4,
    refusals: ['event_log_malformed'],
    parse: readCcel,
  },
  {
    name: 'dstack event log',
    form: 'json',
    seeds: [dstackLog],
    longest: MAX_DSTACK_LOG_BYTES,
    memory: 16,
    refusals: ['event_log_malformed', 'Refusal'],
    share: 0.5,
    parse: (bytes) => dstackIdentity(readDstackLog(bytes)),
  },
  {
    name: 'evidence',
    form: 'json',
    seeds: evidenceJson,
    longest: MAX_EVIDENCE_BYTES,
    memory: 256,
    refusals: ['evidence_malformed'],
    share: 0.2,
    parse: parseEvidence,
  },
  {
    name: 'claims',
    form: 'json',
    seeds: [plainClaims, fullClaims],
    longest: MAX_CLAIMS_BYTES,
    memory: 2,
    refusals: ['claims_malformed'],
    parse: parseClaims,
  },
  {
    name: 'image manifest',
    form: 'json',
    seeds: [manifest, jsonOf({ manifest_version: 2, name: 'app', runner: 'docker-compose' })],
    longest: MAX_MANIFEST_BYTES,
    memory: 8,
    refusals: ['manifest_malformed'],
    parse: parseWorkloadManifest,
  },
]
