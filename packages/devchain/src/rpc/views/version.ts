/** The release whose behaviour the devchain has, in the form `status` gives it. */
export const VERSION = {
  version: '2.13.0',
  build: 'dcml-devchain',
  commit: 'dcml-devchain',
  rustc_version: 'none',
} as const
