/** Exact arithmetic on decimal strings, for the one sum a person must see before the server does it: what remains. */

const DECIMALS = 6
const decimal = /^(-?)(\d+)(?:\.(\d{1,6}))?$/
const typed = /^\d{1,10}(\.\d{1,6})?$/

/** Millionths of a token in an amount the server sent. */
export function exactly(amount: string): bigint {
  const [, sign, whole = '0', fraction = ''] = decimal.exec(amount) ?? []
  const size = BigInt(whole + fraction.padEnd(DECIMALS, '0'))
  return sign ? -size : size
}

/** The same for what somebody typed; null when the server would not take it for an amount above 0. */
export function micros(text: string): bigint | null {
  return typed.test(text) && exactly(text) > 0n ? exactly(text) : null
}

/** Millionths as the shortest decimal string. */
export function decimalOf(amount: bigint): string {
  const digits = String(amount < 0n ? -amount : amount).padStart(DECIMALS + 1, '0')
  const fraction = digits.slice(-DECIMALS).replace(/0+$/, '')
  return `${amount < 0n ? '-' : ''}${digits.slice(0, -DECIMALS)}${fraction && `.${fraction}`}`
}

/** `a` less `b`, both decimal strings. */
export function less(a: string, b: string): string {
  return decimalOf(exactly(a) - exactly(b))
}

export function isZero(amount: string): boolean {
  return exactly(amount) === 0n
}
