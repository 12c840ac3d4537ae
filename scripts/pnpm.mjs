// Pinned here and not as `packageManager`: with that field pnpm 12 fetches its own binaries for every platform.
export const PNPM = 'pnpm@12.20.0'
