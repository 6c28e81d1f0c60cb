/**
 * Milliseconds to wait before the next try: doubling from half a second up to `ceiling`, with "full jitter" over the upper
 * half, so that many clients that lost one server do not come back in step.
 */
export function backoff(attempt: number, random: () => number = Math.random, ceiling = 30_000): number {
  const step = Math.min(ceiling, 500 * 2 ** Math.min(attempt, 16))
  return step / 2 + (step / 2) * random()
}
