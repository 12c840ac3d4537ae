import { type CryptoHash, formatHash } from '@dcml/light-client'
import { fromHex } from '@dcml/protocol'

const code = (sha256: string): CryptoHash => formatHash(fromHex(sha256))

const mainnet = code('1daa835c4637f7ae3d924095ba3f0bf2829bcfa17b1068cd58bd853dcad7ceb5')
const testnet = code('238feac1f86cc9f9f4003e3f6d5aebc04eaea9c394032bd29470e9609b67f6c5')
const elsewhere = code('d2884a900d4fa370e48f1e3d4865d4dc0dbd093c89f0e7baef2eddc142c49e8d')

/**
 * Global contract behind `0x…` accounts (nearcore `runtime/near-wallet-contract`). The devchain does not ship its code:
 * such accounts take tokens, and run calls once the code was deployed globally under this hash.
 */
export function ethWalletCodeHash(chainId: string): CryptoHash {
  if (chainId === 'testnet') return testnet
  return chainId === 'mainnet' || chainId === 'mocknet' ? mainnet : elsewhere
}
