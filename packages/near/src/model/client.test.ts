import { readFileSync } from 'node:fs'
import { generateClient } from '@dcml/near'
import { expect, test } from 'vitest'

test('the client of the model contract is what the generator writes from its ABI (vitest -u writes it again)', async () => {
  const abi = JSON.parse(
    readFileSync(new URL('../../../../contracts/model/model.abi.json', import.meta.url).pathname, 'utf8'),
  )
  await expect(generateClient(abi, { from: '../index.ts' })).toMatchFileSnapshot('./model.client.ts')
})
