import { expect, test } from 'vitest'
import { isPublic, namesPrivate, publicLookup } from './public.ts'

test.each([
  ['1.1.1.1', true],
  ['172.32.0.1', true],
  ['2606:4700::1111', true],
  ...['127.0.0.1', '10.1.2.3', '172.31.255.255', '192.168.0.1', '169.254.169.254', '100.64.0.1', '0.0.0.0'].map(
    (address) => [address, false] as const,
  ),
  ...['255.255.255.255', '::1', '::', 'fe80::1', 'fd00::1', '::ffff:127.0.0.1', '::ffff:a9fe:a9fe'].map(
    (address) => [address, false] as const,
  ),
  ...['64:ff9b::7f00:1', '2002:7f00:1::', 'localhost', ''].map((address) => [address, false] as const),
] as const)('%s is of the Internet: %s', (address, expected) => {
  expect(isPublic(address)).toBe(expected)
})

test('however an address is written', () => {
  for (const host of ['127.0.0.1', '2130706433', '0x7f.1', '127.1', '[::1]', '[::ffff:10.0.0.1]'])
    expect(namesPrivate(new URL(`https://${host}:8443`)), host).toBe(true)
  for (const host of ['1.1.1.1', 'bob.example', 'localhost', '[2606:4700::1111]'])
    expect(namesPrivate(new URL(`https://${host}`)), host).toBe(false)
})

test.each([true, false])('a name of this machine resolves to nothing (all: %s)', async (all) => {
  const error = await new Promise((resolve) => publicLookup('localhost', { all }, resolve))
  expect(String(error)).toContain('no address of the Internet')
})
