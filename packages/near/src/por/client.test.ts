import { readFileSync } from 'node:fs'
import { generateClient } from '@dcml/near'
import { expect, test } from 'vitest'

test('the client of the Proof of Response contract is what the generator writes from its ABI (vitest -u writes it again)', async () => {
  const abi = JSON.parse(
    readFileSync(new URL('../../../../contracts/por/por.abi.json', import.meta.url).pathname, 'utf8'),
  )
  await expect(generateClient(abi, { from: '../index.ts' })).toMatchFileSnapshot('./por.client.ts')
})
