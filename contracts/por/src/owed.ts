import { type Books, type Payout, refuse, shift } from './books.ts'

/** A transfer came back: the account can collect it later. Returns what it is owed in all. */
export function bookOwed(books: Books, { account, amount }: Payout): bigint {
  const owed = (books.owed.get(account) ?? 0n) + amount
  shift(books, { owed: amount })
  books.owed.set(account, owed)
  return owed
}

/** Takes all that an account is owed off the books, to be sent to it; for the treasury, what penalties brought too. */
export function collect(books: Books, account: string): Payout {
  const owed = books.owed.get(account) ?? 0n
  const treasury = account === books.rules.treasury ? books.totals.treasury : 0n
  if (owed + treasury === 0n) refuse(`${account} is owed nothing`)
  shift(books, { owed: -owed, treasury: -treasury })
  books.owed.remove(account)
  return { account, amount: owed + treasury }
}
