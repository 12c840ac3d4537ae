import type { Target } from '../target.ts'
import { channel } from './channel.ts'
import { cpu } from './cpu.ts'
import { evidence } from './evidence.ts'
import { nvidia } from './nvidia.ts'
import { services } from './services.ts'
import { verdicts } from './verdicts.ts'
import { x509 } from './x509.ts'

/** Every parser of this package, and the verifiers made of them. */
export const targets: readonly Target[] = [
  ...x509,
  ...cpu,
  ...nvidia,
  ...evidence,
  ...channel,
  ...services,
  ...verdicts,
]
