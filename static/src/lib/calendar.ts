/** Months as weeks from Monday to Sunday. Days are `YYYY-MM-DD`, and no time zone has a say in them. */

const DAY = 24 * 60 * 60 * 1000

export interface Month {
  /** The first day. */
  first: string
  /** Weeks of seven; null where a day belongs to another month. */
  weeks: (string | null)[][]
}

/** The month of a day, `before` months earlier. */
export function monthOf(day: string, before = 0): Month {
  const [year = 0, month = 1] = day.split('-').map(Number)
  const begin = Date.UTC(year, month - 1 - before, 1)
  const end = Date.UTC(year, month - before, 1)
  const days: (string | null)[] = Array.from({ length: (new Date(begin).getUTCDay() + 6) % 7 }, () => null)
  for (let at = begin; at < end; at += DAY) days.push(new Date(at).toISOString().slice(0, 10))
  while (days.length % 7) days.push(null)
  return { first: new Date(begin).toISOString().slice(0, 10), weeks: Array.from({ length: days.length / 7 }, (_, week) => days.slice(week * 7, week * 7 + 7)) }
}
