import { readFileSync, statfsSync } from 'node:fs'
import type { Check } from '@dcml/attestation'

/** What decides whether memory of this process can reach a disk. Undefined where the system does not say. */
export interface HostFacts {
  /** `f_type` of the folder that is to hold plaintext. */
  readonly fileSystem: number | undefined
  /** `/proc/swaps` */
  readonly swaps: string | undefined
  /** `/proc/self/limits` */
  readonly limits: string | undefined
  /** `/proc/sys/kernel/core_pattern` */
  readonly corePattern: string | undefined
}

/** `f_type` of file systems whose files are pages of memory and nothing else: tmpfs and ramfs (statfs(2)). */
const IN_MEMORY = new Set([0x01021994, 0x858458f6])

export function readHostFacts(folder: string): HostFacts {
  const read = (path: string) => attempt(() => readFileSync(path, 'utf8'))
  return {
    fileSystem: attempt(() => statfsSync(folder).type),
    swaps: read('/proc/swaps'),
    limits: read('/proc/self/limits'),
    corePattern: read('/proc/sys/kernel/core_pattern'),
  }
}

/** The ways in which plaintext weights could leave memory, each looked at. What cannot be seen counts as open. */
export function checkHost(facts: HostFacts): readonly Check[] {
  return [
    judge('host_tmpfs', facts.fileSystem, (type) =>
      IN_MEMORY.has(type) ? undefined : 'plaintext weights would lie on a disk',
    ),
    judge('host_swap', facts.swaps, (swaps) =>
      swaps.trim().split('\n').length > 1 ? 'swap is on, and memory may be written to it' : undefined,
    ),
    judge('host_core_dumps', coreFacts(facts), coreDumps),
  ]
}

function coreFacts({ limits, corePattern }: HostFacts): { limit: string; pattern: string } | undefined {
  const limit = limits?.match(/^Max core file size\s+(\S+)/m)?.[1]
  return limit === undefined || corePattern === undefined ? undefined : { limit, pattern: corePattern }
}

/** The limit does not hold for a pattern that pipes to a program (core(5)). */
function coreDumps({ limit, pattern }: { limit: string; pattern: string }): string | undefined {
  if (pattern.startsWith('|')) return 'a crash would hand this memory to a program, whatever the limit'
  return limit === '0' ? undefined : 'a crash would write this memory to a file'
}

function judge<Fact>(name: string, fact: Fact | undefined, fault: (fact: Fact) => string | undefined): Check {
  if (fact === undefined) return { name, status: 'fail', why: 'this system does not tell' }
  const why = fault(fact)
  return why === undefined ? { name, status: 'pass', why: 'memory stays memory' } : { name, status: 'fail', why }
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}
