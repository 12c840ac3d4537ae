import { createDevchain } from '@dcml/devchain'

import { connectNear, fetchTrustRoot, followHead } from '@dcml/near'
import { expect, test } from 'vitest'

test.each([0, 1, 2, 3])(
  'a light client starts in epoch %i of a chain and follows it into the next ones',
  async (epochs) => {
    const chain = createDevchain({ epochLength: 20 })
    const server = await chain.serve()
    try {
      chain.mine(8)
      chain.advanceEpochs(epochs)
      chain.mine(4)
      const near = connectNear({ networkId: 'localnet', nodes: server.url })
      const root = await fetchTrustRoot(near)
      expect(root.headHash).toBe(chain.head.header.lastFinalBlock)
      chain.advanceEpochs(2)
      chain.mine(4)
      expect((await followHead(near, root)).headHash).toBe(chain.head.header.lastFinalBlock)
    } finally {
      await server.close()
    }
  },
)
