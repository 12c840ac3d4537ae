import { expect, test } from 'vitest'
import { parseCommand } from './arguments.ts'

const parse = (line: string) => parseCommand(line.split(' '), '/root')

test('every command line the clients know is read', () => {
  expect(parse('--home /h init')).toEqual({ type: 'init', home: '/h', chainId: 'localnet', accountId: 'test.near' })
  expect(parse('--home /h init --fast')).toMatchObject({ type: 'init', home: '/h' })
  expect(parse('--home /h init --chain-id mine --account-id a.near')).toEqual({
    type: 'init',
    home: '/h',
    chainId: 'mine',
    accountId: 'a.near',
  })
  expect(parse('--home /h run --rpc-addr 0.0.0.0:4000 --network-addr 0.0.0.0:4001')).toEqual({
    type: 'run',
    home: '/h',
    host: '0.0.0.0',
    port: 4000,
  })
  expect(parse('run')).toEqual({ type: 'run', home: '/root/.near', host: '0.0.0.0', port: 3030 })
  expect(parse('--home=/h view-state dump-state')).toEqual({ type: 'dump', home: '/h', stream: false })
  expect(parse('--home /h view-state dump-state --stream')).toEqual({ type: 'dump', home: '/h', stream: true })
  expect(parse('--version')).toEqual({ type: 'version' })
  expect(parse('--help')).toEqual({ type: 'help' })
})

test('anything else is unknown', () => {
  expect(parse('--home /h fly')).toEqual({ type: 'unknown', text: 'fly' })
  expect(parseCommand([], '/root')).toEqual({ type: 'unknown', text: '' })
})
