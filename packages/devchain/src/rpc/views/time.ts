/** Nanoseconds since the epoch as chrono writes them: no digits behind the second where there are none. */
export function timeView(nanoseconds: bigint): string {
  const [date] = new Date(Number(nanoseconds / 1_000_000n)).toISOString().split('.')
  const fraction = (nanoseconds % 1_000_000_000n).toString().padStart(9, '0')
  return fraction === '000000000' ? `${date}Z` : `${date}.${fraction}Z`
}
