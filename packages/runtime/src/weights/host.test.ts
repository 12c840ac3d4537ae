import { expect, test } from 'vitest'
import { checkHost, type HostFacts } from './host.ts'

const limits = (core: string) =>
  `Limit    Soft Limit  Hard Limit  Units\nMax core file size        ${core}                    unlimited            bytes     \n`

const safe: HostFacts = {
  fileSystem: 0x01021994,
  swaps: 'Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n',
  limits: limits('0'),
  corePattern: 'core\n',
}

const failing = (facts: Partial<HostFacts>) =>
  checkHost({ ...safe, ...facts })
    .filter(({ status }) => status !== 'pass')
    .map(({ name }) => name)

test('a machine that keeps memory in memory passes', () => {
  expect(failing({})).toEqual([])
  expect(failing({ fileSystem: 0x858458f6 })).toEqual([])
})

test.each<[string, Partial<HostFacts>, string]>([
  ['a disk under the weights', { fileSystem: 0xef53 }, 'host_tmpfs'],
  ['swap', { swaps: `${safe.swaps}/dev/dm-1  partition  8388604  0  -2\n` }, 'host_swap'],
  ['core files', { limits: limits('unlimited') }, 'host_core_dumps'],
  ['core files of limited size', { limits: limits('4096') }, 'host_core_dumps'],
  [
    'a crash handler, for which the limit does not count',
    { corePattern: '|/usr/share/apport/apport %p' },
    'host_core_dumps',
  ],
])('%s fails its check', (_, facts, name) => {
  expect(failing(facts)).toEqual([name])
})

test('what the system does not tell is not taken for safe', () => {
  const unknown = { fileSystem: undefined, swaps: undefined, limits: undefined, corePattern: undefined }
  expect(failing(unknown)).toEqual(['host_tmpfs', 'host_swap', 'host_core_dumps'])
})
