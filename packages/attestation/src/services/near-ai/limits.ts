// What evidence of NEAR AI Cloud does not prove, said of the very answer that was judged.
import { unpinnedImages } from '../dstack/compose.ts'
import type { JudgeOptions, ServiceWarning } from '../judgement.ts'
import { gpuLimits, keyBinding, unboundSession, unknownImages } from '../limits.ts'
import type { NearReport } from './report.ts'

/** One sentence each, what matters most first. */
export function nearLimits({ gateway, models }: NearReport, options: JudgeOptions): string[] {
  const composed = models.length > 0 && models.every((machine) => machine.compose_manager_attestation)
  const withGpus = models.filter(({ nvidia_payload: gpu }) => gpu)
  const unpinned = [gateway, ...models].flatMap((machine) => unpinnedImages(machine?.info?.tcb_info?.app_compose ?? ''))
  return [
    'Which model answers: no hash of weights is measured or signed, the name of the model is the server’s word.',
    `Which containers run: a compose manager deploys files after the start, and ${
      composed ? 'only a hash of its list is quoted' : 'nothing about it came along'
    }.`,
    ...(unpinned.length > 0 ? [`What these images contain, named without a digest: ${unpinned.join(', ')}.`] : []),
    ...(gateway && models.length > 0
      ? [
          'That the gateway asked these machines: its connections to them are its own affair, and your words are plain in it.',
        ]
      : []),
    ...(gateway && models.length === 0
      ? ['Anything about the machine with the model: this is the gateway alone.']
      : []),
    ...unknownImages(options),
    ...gpuLimits(withGpus.length > 0, 'share nothing but the nonce of whoever asked'),
    ...(0 < withGpus.length && withGpus.length < models.length
      ? [`Anything about GPUs of ${models.length - withGpus.length} of the ${models.length} machines: they show none.`]
      : []),
    unboundSession(options),
  ]
}

export function nearWarnings({ gateway, models }: NearReport, options: JudgeOptions): ServiceWarning[] {
  const first = gateway ?? models[0]
  const isBound = first?.tls_cert_fingerprint !== undefined
  return [
    ...(isBound ? keyBinding(options) : []),
    ...(isBound ? [] : [{ code: 'tls_key_not_named', text: 'The quote names no TLS key: any host can serve it.' }]),
    ...(models.some(({ nvidia_payload: gpu }) => gpu)
      ? [{ code: 'gpu_not_bound', text: 'Nothing ties the GPUs to the machine.' }]
      : []),
  ]
}
