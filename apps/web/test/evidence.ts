import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { encodeClaims, evidenceToJson, imageH, reportData } from '@dcml/attestation'
import { fileReceipts } from '@dcml/client'
import { utf8 } from '@dcml/protocol'
import { createSimulator, type Simulator } from '@dcml/tee-simulator'
import { manifest } from '../../../packages/attestation/test/world.ts'
import { ask, connect } from '../../../packages/client/test/connect.ts'
import { startFakeEnclave } from '../../../packages/client/test/fake-enclave.ts'

const fill = (byte: number): Uint8Array => new Uint8Array(32).fill(byte)

/** Evidence of a simulated enclave as a host keeps it, JSON. */
export async function enclaveEvidence(simulator: Simulator): Promise<Uint8Array> {
  const claims = encodeClaims({
    purpose: 'session',
    nonce: fill(1),
    tlsSpki: fill(2),
    hpkeKey: fill(3),
    sessionKey: fill(4),
    imageH: imageH(manifest()),
    boot: fill(5),
    iat: Date.now(),
  })
  const cpu = await simulator.createTee({ imageH: imageH(manifest()) }).quote(reportData('session', claims))
  return utf8(JSON.stringify(evidenceToJson({ claims, cpu, gpu: [], manifest: manifest() })))
}

/** A file of two receipts, as a client of a simulated enclave kept it. */
export async function receiptsFile(folder: string): Promise<{ text: string; rootPem: string }> {
  const path = join(folder, 'receipts.jsonl')
  const fake = await startFakeEnclave()
  const client = connect(fake, { receipts: fileReceipts(path) })
  for (let i = 0; i < 2; i++) await (await ask(client)).text()
  client.close()
  await fake.close()
  return { text: await readFile(path, 'utf8'), rootPem: (await createSimulator()).rootPem }
}
