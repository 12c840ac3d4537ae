export type { Check, CheckStatus } from '@dcml/protocol'

/**
 * Which trust roots stand behind a piece of evidence. `development` comes from a simulator, whose keys everyone
 * can derive: it proves nothing and is refused by every production policy.
 */
export type Environment = 'production' | 'development'
