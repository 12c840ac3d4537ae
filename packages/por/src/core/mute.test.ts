// Applications that only they themselves may fail: a signed failure of the node's own can cost its host more than an edge.
import { requestHash as hash, type PorRequest, type Signed } from '@dcml/protocol/por'
import { expect, test } from 'vitest'
import { Net } from './testing/net.ts'
import type { NodeConfig } from './types.ts'

const pair = (config: Partial<NodeConfig>) =>
  new Net(
    [{ ends: ['alex', 'alice'] }, { ends: ['alice', 'bob'] }, { ends: ['alex', 'carol'] }, { ends: ['carol', 'bob'] }],
    () => ({ patience: () => 'wait', apps: ['echo', 'lock'], mute: ['lock'], ...config }),
  )
const answers = (net: Net) => net.all('send').filter(({ effect: { message } }) => message.type === 'response')
const how = { app: 'lock', hold: 8_000, id: new Uint8Array(32) }
const hashOf = ({ body }: Signed<PorRequest>) => hash(body)
const isLeftOver = (net: Net) =>
  net.members.get('bob')!.machine.inflight > 0 || net.members.get('bob')!.machine.nextWake !== null

test('a mute application that is too late, has no answer or is not there: no signature, an edge, and nothing left over', () => {
  const silent = pair({})
  silent.service = () => null
  const unanswered = pair({})
  unanswered.service = (request) => {
    const requestHash = hashOf(request)
    unanswered.at(unanswered.now + 100, () => unanswered.tell('bob', { kind: 'unanswered', requestHash }))
    return null
  }
  const absent = pair({ apps: ['echo'] })
  for (const net of [silent, unanswered, absent]) {
    net.ask('alex', 'bob', [1n, 2n], how)
    net.run()
    expect(answers(net)).toEqual([])
    expect(net.outcomes('alex').map(({ outcome }) => outcome)).toMatchObject([{ kind: 'broken', edgeId: 2n }])
    expect(isLeftOver(net)).toBe(false)
  }
})

test('an answer of a mute application that is too long is not one; a failure of its own is', () => {
  const net = pair({})
  net.service = () => [new Uint8Array(101), 0]
  net.ask('alex', 'bob', [1n, 2n], how)
  net.run()
  expect(answers(net)).toEqual([])
  const failing = pair({})
  failing.service = (request) => {
    const requestHash = hashOf(request)
    const payload = new Uint8Array(101)
    failing.at(failing.now + 100, () => failing.tell('bob', { kind: 'answer', requestHash, status: 2, payload }))
    return null
  }
  failing.ask('alex', 'bob', [1n, 2n], how)
  failing.run()
  expect(failing.outcomes('alex')).toMatchObject([
    { outcome: { kind: 'response', response: { body: { status: 2, payloadLength: 0 } } } },
  ])
})

test('a mute application is asked again when its request comes over another path', () => {
  const net = pair({})
  let asked = 0
  net.service = (request, payload) => {
    asked += 1
    if (asked > 1) return [payload, 0]
    const requestHash = hashOf(request)
    net.at(net.now + 100, () => net.tell('bob', { kind: 'unanswered', requestHash }))
    return null
  }
  net.ask('alex', 'bob', [1n, 2n], how)
  net.run()
  net.ask('alex', 'bob', [3n, 4n], how)
  net.run()
  expect(net.outcomes('alex').map(({ outcome }) => outcome.kind)).toEqual(['broken', 'response'])
})

test('where nobody is mute, no answer is a signed failure', () => {
  const net = pair({ mute: [] })
  net.service = (request) => {
    const requestHash = hashOf(request)
    net.at(net.now + 100, () => net.tell('bob', { kind: 'unanswered', requestHash }))
    return null
  }
  net.ask('alex', 'bob', [1n, 2n], how)
  net.run()
  expect(net.outcomes('alex')).toMatchObject([{ outcome: { kind: 'response', response: { body: { status: 2 } } } }])
})
