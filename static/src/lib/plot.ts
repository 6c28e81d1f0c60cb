/** Where the bars of a plot stand, in the units of its view box. Numbers here only draw; what is said are the server's digits. */

export interface Bar<T> {
  x: number
  y: number
  width: number
  height: number
  of: T
}

/** One bar for each amount, the highest as high as the plot. What is not nothing is always seen. */
export function bars<T extends { amount: string }>(series: readonly T[], { width, height, gap }: { width: number; height: number; gap: number }): Bar<T>[] {
  const most = Math.max(...series.map(({ amount }) => Number(amount)), 0)
  const step = width / Math.max(series.length, 1)
  return series.map((of, at) => {
    const amount = Number(of.amount)
    const size = amount > 0 ? Math.max((amount / most) * height, 2) : 0
    return { x: at * step + gap / 2, y: height - size, width: Math.max(step - gap, 1), height: size, of }
  })
}

/** A round number at or above the highest amount, for the scale. */
export function ceilingOf(series: readonly { amount: string }[]): number {
  const most = Math.max(...series.map(({ amount }) => Number(amount)), 0)
  if (most === 0) return 0
  const power = 10 ** Math.floor(Math.log10(most))
  return [1, 2, 5, 10].map((step) => step * power).find((round) => round >= most) ?? most
}

/** The share of each amount in all of them, in percent. */
export function shares(amounts: readonly string[]): number[] {
  const numbers = amounts.map(Number)
  const whole = numbers.reduce((sum, amount) => sum + amount, 0)
  return numbers.map((amount) => (whole > 0 ? (amount / whole) * 100 : 0))
}
