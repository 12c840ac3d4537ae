// MRCONFIGID in the forms of dstack that hold more than the compose hash (Dstack-TEE/dstack, dstack-types mr_config.rs):
// form 2 is Keccak-256 over compose hash, app id, kind and id of the key provider; form 3 is SHA-256 over a JSON document of
// those and more, which the host keeps. Its members are all in the log, so the document is made anew here: what is hashed
// then begins with, or names in its one place, the compose hash that is asked about, whatever a log says of the rest.
import { concatBytes, equalBytes, toHex, utf8 } from '@dcml/protocol'
import { sha256 } from '@noble/hashes/sha2.js'
import { keccak_256 } from '@noble/hashes/sha3.js'
import * as v from 'valibot'
import { readJson, readValue } from '../evidence/fields.ts'
import { hexUpTo } from './dstack.ts'
import type { DstackIdentity } from './dstack-identity.ts'

/** Key providers as the log names them: kind in a document, number of the kind in form 2. */
const KINDS = { none: ['none', 0], 'local-sgx': ['local', 1], kms: ['kms', 2], tpm: ['tpm', 3] } as const

const keyProvider = v.object({ name: v.picklist(['none', 'local-sgx', 'kms', 'tpm']), id: hexUpTo(1024) })

/**
 * Whether MRCONFIGID of form 2 or 3 was made over a compose hash and what a log says was started.
 * @throws DcmlError `event_log_malformed` where the key provider cannot be read
 */
export function namesCompose(mrConfigId: Uint8Array, composeHash: Uint8Array, started: DstackIdentity): boolean {
  const [form] = mrConfigId
  const digests = form === 2 ? [digest2(composeHash, started)] : form === 3 ? digests3(composeHash, started) : []
  return digests.some((digest) => equalBytes(mrConfigId, concatBytes(Uint8Array.of(form!), digest, new Uint8Array(15))))
}

const readProvider = (bytes: Uint8Array) => {
  const { name, id } = readValue(keyProvider, readJson(bytes, 4096, 'event_log_malformed'), 'event_log_malformed')
  return { kind: KINDS[name], id }
}

function digest2(composeHash: Uint8Array, started: DstackIdentity): Uint8Array {
  const { kind, id } = readProvider(started.keyProvider)
  return keccak_256(concatBytes(composeHash, started.appId, Uint8Array.of(kind[1]), id))
}

const DOMAIN = utf8('dstack-mr-config-v3:\0')

/** Hosts leave out what an app does not ask for, and older ones what they do not know: each way it may be written. */
function digests3(composeHash: Uint8Array, started: DstackIdentity): Uint8Array[] {
  const { kind, id } = readProvider(started.keyProvider)
  const { appId, gpuPolicyHash, initScriptHashes, instanceId } = started
  const ways = [true, false].flatMap((gpu) =>
    [true, false].flatMap((scripts) => [true, false].map((pinned) => ({ gpu, scripts, pinned }))),
  )
  return ways.map(({ gpu, scripts, pinned }) => {
    // canonical JSON (RFC 8785): members in order, no spaces
    const document = JSON.stringify({
      app_id: toHex(appId),
      compose_hash: toHex(composeHash),
      gpu_policy_hash: gpu && gpuPolicyHash ? toHex(gpuPolicyHash) : undefined,
      init_script_hashes: scripts ? initScriptHashes.map(toHex) : undefined,
      instance_id: instanceId.length > 0 ? toHex(instanceId) : undefined,
      key_provider: kind[0],
      key_provider_id: pinned && id.length > 0 ? toHex(id) : undefined,
      version: 3,
    })
    return sha256(concatBytes(DOMAIN, utf8(document)))
  })
}
