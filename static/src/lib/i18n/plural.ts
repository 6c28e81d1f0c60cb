const count = new Intl.PluralRules('en')

/** "1 day", "2 days" */
export function plural(n: number, one: string, other: string): string {
  return `${n} ${count.select(n) === 'one' ? one : other}`
}
