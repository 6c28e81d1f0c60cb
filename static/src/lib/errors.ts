/** Every way a request to the server can end other than well. */

/** The server answered, and the answer was no. `numbers` are what the refusal is about (limits, remaining tries). */
export class Refusal extends Error {
  override name = 'Refusal'

  constructor(
    readonly code: string,
    detail: string,
    readonly options: {
      status?: number
      retry?: boolean
      /** Seconds until the server will listen again. */
      retryAfter?: number
      fields?: Record<string, string>
      numbers?: Record<string, number>
    } = {},
  ) {
    super(detail)
  }
}

/** A refusal that came over HTTP. */
export class ApiError extends Refusal {
  override name = 'ApiError'
}

/** No answer: there is no connection, or it broke, or the answer took too long. The request may have been done. */
export class Unreachable extends Error {
  override name = 'Unreachable'
}

const named = new Set(['status', 'retry_after'])

/** The figures that a problem document or a refused ack carries beside its standard members. */
export function numbersIn(answer: Record<string, unknown>): Record<string, number> {
  const figures = Object.entries(answer).filter(([key, value]) => typeof value === 'number' && !named.has(key))
  return Object.fromEntries(figures) as Record<string, number>
}

/** Whether this is one of the two ways a request may end, and not a mistake in the client. */
export function isAnswer(error: unknown): error is Refusal | Unreachable {
  return error instanceof Refusal || error instanceof Unreachable
}

/** Whether the same request may end otherwise later. */
export function mayPass(error: Refusal | Unreachable): boolean {
  if (error instanceof Unreachable) return true
  const { retry, retryAfter, status = 0 } = error.options
  return Boolean(retry) || retryAfter !== undefined || status >= 500
}
