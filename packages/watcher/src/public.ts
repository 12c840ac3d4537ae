// Anybody may register an endpoint: none of them leads into the network that the watcher runs in.
import { lookup } from 'node:dns'
import { BlockList, isIP, type LookupFunction } from 'node:net'

/** IPv4 that is not on the Internet (RFC 6890, RFC 6598), and IPv6 of the Internet that carries IPv4 inside. */
const closed = new BlockList()
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 3],
] as const)
  closed.addSubnet(network, prefix, 'ipv4')
closed.addSubnet('2001::', 32, 'ipv6')
closed.addSubnet('2002::', 16, 'ipv6')
/** All that IPv6 has given out so far for the Internet (RFC 4291). */
const global = new BlockList()
global.addSubnet('2000::', 3, 'ipv6')

/** Whether an IP address is one of the Internet. */
export const isPublic = (address: string): boolean =>
  isIP(address) === 4
    ? !closed.check(address, 'ipv4')
    : isIP(address) === 6 && global.check(address, 'ipv6') && !closed.check(address, 'ipv6')

/** Whether a URL names its address outright, and that is not one of the Internet. Names are left to {@link publicLookup}. */
export function namesPrivate({ hostname }: URL): boolean {
  const address = hostname.replace(/^\[|\]$/g, '')
  return isIP(address) !== 0 && !isPublic(address)
}

/** Resolves a name to its addresses of the Internet, and connects to no other: a name may resolve otherwise each time. */
export const publicLookup: LookupFunction = (hostname, options, done) =>
  lookup(hostname, { ...options, all: true }, (error, found) => {
    const open = (found ?? []).filter(({ address }) => isPublic(address))
    const [first] = open
    if (error !== null || first === undefined)
      return done(error ?? new Error(`${hostname} has no address of the Internet`), '')
    return options.all === true ? done(null, open) : done(null, first.address, first.family)
  })
