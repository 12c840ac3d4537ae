import { expect, test } from 'vitest'
import { originOf, parseAddress } from './options.ts'

test.each([
  ['127.0.0.1:8443', { host: '127.0.0.1', port: 8443 }],
  ['host.example:1', { host: 'host.example', port: 1 }],
  ['https://host.example:8443/', { host: 'host.example', port: 8443 }],
  ['[::1]:8443', { host: '::1', port: 8443 }],
])('reads %s', (text, address) => {
  expect(parseAddress(text)).toEqual(address)
  expect(parseAddress(originOf(address))).toEqual(address)
})

test.each(['', 'host', 'host:', 'host:0', 'host:65536', 'host:1x', '::1:80', 'http://host:1', 'a b:1', 'host:1/path'])(
  'refuses "%s"',
  (text) => {
    expect(() => parseAddress(text)).toThrow(expect.objectContaining({ code: 'address_invalid' }))
  },
)
