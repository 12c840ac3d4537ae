import { toHex, utf8 } from '@dcml/protocol'
import { sha256 } from '@noble/hashes/sha2.js'
import { compactVerify, decodeProtectedHeader } from 'jose'
import type { GpuEvidence } from '../../tee.ts'
import { requireWindow } from '../../x509/chain.ts'
import { Refusal } from '../../x509/der.ts'
import type { PublicKey } from '../../x509/signature.ts'
import { each, type Named } from '../each.ts'
import type { GpuJudge } from '../verify.ts'
import type { VerifiedDevices } from '../verify-devices.ts'
import { requireSigner } from './signer.ts'
import {
  type DeviceClaims,
  type OverallClaims,
  readDeviceClaims,
  readOverallClaims,
  readStapledVerdict,
  type StapledVerdict,
} from './token.ts'

/** NVIDIA's Remote Attestation Service, as its tokens name it. */
export const NRAS_ISSUER = 'https://nras.attestation.nvidia.com'

/** One answer of the service with the devices that brought it, by their index. */
interface Answer {
  readonly stapled: StapledVerdict
  readonly devices: readonly number[]
}

interface Claims {
  readonly overall: OverallClaims
  readonly devices: readonly DeviceClaims[]
}

/** Judges NVIDIA's verdicts on devices that local verification vouches for. */
export async function verifyNras(
  { list, environment, roots, now }: GpuJudge,
  devices: readonly Named<GpuEvidence>[] | undefined,
  { leaves, reports }: VerifiedDevices,
): Promise<void> {
  const answers = await list.run('gpu_nras_format', [devices], readAnswers)
  const keys = await list.run('gpu_nras_signer', [answers], (all) =>
    each(all, async ({ stapled }) => {
      const signers = new Map<string, PublicKey>()
      const used = tokensOf(stapled).map(({ token }) => keyIdOf(token))
      for (const { kid, x5c } of stapled.jwks.keys)
        if (used.includes(kid) && !signers.has(kid))
          signers.set(kid, await requireSigner(x5c, environment, roots.device, now))
      return signers
    }),
  )
  const claims = await list.run('gpu_nras_signature', [answers, keys], (all, signers) =>
    each(all, ({ stapled }, i) => readClaims(stapled, signers[i]!.value)),
  )
  await list.run('gpu_nras_window', [claims], (all) =>
    each(all, ({ overall, devices: each }) => {
      for (const { nbf, exp } of [overall, ...each]) requireWindow(nbf * 1000, exp * 1000, now)
    }),
  )
  await list.run('gpu_nras_nonce', [answers, claims, reports], (all, said, signed) =>
    each(said, ({ overall, devices: tokens }, i) => {
      for (const device of all[i]!.value.devices)
        for (const { eat_nonce } of [overall, ...tokens])
          if (eat_nonce !== toHex(signed[device]!.value.nonce)) throw new Refusal(`a token is for nonce ${eat_nonce}`)
    }),
  )
  await list.run('gpu_nras_devices', [answers, claims, leaves], (all, said, certificates) =>
    each(said, ({ devices: tokens }, i) => {
      const wanted = all[i]!.value.devices.map((device) => BigInt(`0x${certificates[device]!.value.serial}`).toString())
      const found = tokens.map(({ ueid }) => BigInt(ueid).toString())
      if (wanted.sort().join() !== found.sort().join()) throw new Refusal('the tokens are for other devices')
    }),
  )
  await list.run('gpu_nras_verdict', [claims], (all) =>
    each(all, ({ overall, devices: tokens }) => {
      if (!overall['x-nvidia-overall-att-result']) throw new Refusal('NVIDIA refuses them as a whole')
      for (const { measres, secboot, dbgstat } of tokens)
        if (measres !== 'success' || secboot !== true || dbgstat !== 'disabled')
          throw new Refusal(`NVIDIA finds measurements ${measres}, secure boot ${secboot}, debugging ${dbgstat}`)
    }),
  )
}

/** Devices that were judged together bring the same text. */
function readAnswers(devices: readonly Named<GpuEvidence>[]): Named<Answer>[] {
  const byText = new Map<string, { name: string; devices: number[] }>()
  for (const [i, { name, value }] of devices.entries()) {
    if (value.nras === undefined) throw new Refusal(`${name} brings no verdict of NVIDIA`)
    const known = byText.get(value.nras)
    if (known) known.devices.push(i)
    else byText.set(value.nras, { name, devices: [i] })
  }
  return [...byText].map(([text, { name, devices: indices }]) => ({
    name,
    value: { stapled: readStapledVerdict(text), devices: indices },
  }))
}

const tokensOf = ({
  answer: [[, overall], devices],
}: StapledVerdict): { name: string | undefined; token: string }[] => [
  { name: undefined, token: overall },
  ...Object.entries(devices).map(([name, token]) => ({ name, token })),
]

function keyIdOf(token: string): string | undefined {
  try {
    return decodeProtectedHeader(token).kid
  } catch {
    throw new Refusal('a token has no header')
  }
}

async function readClaims(stapled: StapledVerdict, signers: ReadonlyMap<string, PublicKey>): Promise<Claims> {
  const { submods, ...overall } = readOverallClaims(await verifyToken(stapled.answer[0][1], signers))
  const tokens = Object.entries(stapled.answer[1])
  if (Object.keys(submods).length !== tokens.length) throw new Refusal('the overall token names other tokens')
  const devices = await Promise.all(
    tokens.map(async ([name, token]) => {
      if (submods[name]?.[1][1] !== toHex(sha256(utf8(token))))
        throw new Refusal(`the overall token does not name the token of ${name}`)
      return readDeviceClaims(await verifyToken(token, signers))
    }),
  )
  if ([overall, ...devices].some(({ iss }) => iss !== NRAS_ISSUER))
    throw new Refusal(`a token is not by ${NRAS_ISSUER}`)
  return { overall: { ...overall, submods }, devices }
}

async function verifyToken(token: string, signers: ReadonlyMap<string, PublicKey>): Promise<string> {
  const key = signers.get(keyIdOf(token) ?? '')
  if (!key) throw new Refusal('a token is signed with a key that is not here')
  const algorithm = { name: 'ECDSA', namedCurve: 'P-384' }
  const imported = await globalThis.crypto.subtle.importKey('raw', Uint8Array.from(key.bytes), algorithm, false, [
    'verify',
  ])
  try {
    const { payload } = await compactVerify(token, imported, { algorithms: ['ES384'] })
    return new TextDecoder().decode(payload)
  } catch {
    throw new Refusal('the signature of a token does not verify')
  }
}
