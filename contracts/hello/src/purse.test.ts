import fc from 'fast-check'
import { expect, test } from 'vitest'
import { earn, hold, type Purse, release, settle, withoutEarnings } from './purse.ts'

const amount = fc.bigInt({ min: 0n, max: 10n ** 27n })
const deed = fc.record({ kind: fc.constantFrom('earn', 'hold', 'settle', 'release', 'withdraw'), amount })

test('what came in is kept, held or gone, whatever happens in whatever order', () => {
  fc.assert(
    fc.property(fc.array(deed), (deeds) => {
      let purse: Purse = { kept: 0n, held: 0n }
      let [came, gone] = [0n, 0n]
      for (const { kind, amount } of deeds) {
        if (kind === 'earn' || kind === 'hold') {
          purse = (kind === 'earn' ? earn : hold)(purse, amount)
          came += amount
        } else if (kind === 'withdraw') {
          gone += purse.kept
          purse = withoutEarnings(purse)
        } else if (amount > purse.held) {
          expect(() => (kind === 'settle' ? settle : release)(purse, amount)).toThrow('more than is held')
        } else if (kind === 'settle') purse = settle(purse, amount)
        else {
          purse = release(purse, amount)
          gone += amount
        }
        expect(purse.kept >= 0n && purse.held >= 0n).toBe(true)
        expect(purse.kept + purse.held + gone).toBe(came)
      }
    }),
  )
})
