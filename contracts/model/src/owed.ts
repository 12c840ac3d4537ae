import { type Books, type Payout, refuse, shift } from './books.ts'

/** A transfer came back: the account can collect it later. Returns what it is owed in all. */
export function bookOwed(books: Books, { account, amount }: Payout): bigint {
  const owed = (books.owed.get(account) ?? 0n) + amount
  shift(books, { owed: amount })
  books.owed.set(account, owed)
  return owed
}

/** Takes all that an account is owed off the books, to be sent to it again. */
export function collect(books: Books, account: string): Payout {
  const amount = books.owed.get(account) ?? refuse(`${account} is owed nothing`)
  shift(books, { owed: -amount })
  books.owed.remove(account)
  return { account, amount }
}
