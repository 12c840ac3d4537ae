// Math.min and Math.max take no bigints.
export const smaller = (a: bigint, b: bigint): bigint => (b < a ? b : a)
export const larger = (a: bigint, b: bigint): bigint => (b > a ? b : a)
