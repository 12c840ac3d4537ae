import { DcmlError } from '@dcml/protocol'

/** The entry cannot be read, does not compile, or holds no contract. */
export const badSource = (message: string, cause?: unknown): DcmlError =>
  new DcmlError('contract_source', message, { hint: 'Correct the source at the place named and build again.', cause })

/** The source asks for something a NEAR contract cannot have. */
export const unsupported = (message: string, hint: string): DcmlError =>
  new DcmlError('contract_unsupported', message, { hint })
