// What the model contract keeps for a record in yoctoNEAR, and gives back when the record goes.

/** Of a channel, on top of its deposit. */
export const CHANNEL_STORAGE: bigint = 15n * 10n ** 21n

/** Of a provider's registration, on top of its collateral. */
export const PROVIDER_STORAGE: bigint = 15n * 10n ** 21n

/** Of an admitted session key; taken from the provider's free collateral. */
export const SESSION_STORAGE: bigint = 25n * 10n ** 20n
