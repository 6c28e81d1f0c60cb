/** The one HTTP door. The session is a cookie, so nothing secret is ever held by a script. */
import { ApiError, Unreachable, numbersIn } from './errors'
import type {
  AuthOptions, Balance, DailyClaim, EarningStats, Explanation, GiftOptions, GiftPage, GiftRequest, GiftSent, Goal,
  GoalClaim, Invite, Leaderboard, Member, Membership, Page, PinState, Policy, Ranking, RankingWindow, RoomPreview,
  SeasonalEvent, Session, SharedFile, SignedIn, SpendingStats, Statement, Storage, Streak, TierStanding, User,
} from './wire'

/** How long an answer is waited for, in milliseconds. */
const PATIENCE = 15_000

type Query = Record<string, string | number | undefined>
type Credentials = { username: string; password: string }

export class Api {
  constructor(private readonly fetch: typeof globalThis.fetch = (...args) => globalThis.fetch(...args)) {}

  options = () => this.get<AuthOptions>('/api/auth/options')
  register = (body: Credentials & { invite?: string }) => this.post<SignedIn>('/api/auth/register', body)
  login = (body: Credentials) => this.post<SignedIn>('/api/auth/login', body)
  setup = (body: Credentials & { token: string }) => this.post<SignedIn>('/api/auth/setup', body)
  logout = () => this.post<void>('/api/auth/logout')

  me = () => this.get<User>('/api/me')
  sessions = () => this.get<{ sessions: Session[] }>('/api/me/sessions')
  revokeSession = (id: string) => this.request<void>('DELETE', `/api/me/sessions/${id}`)
  invite = (body: { uses?: number; days?: number }) => this.post<Invite>('/api/invites', body)

  rooms = () => this.get<{ epoch: string; rooms: Membership[] }>('/api/rooms')
  createRoom = (body: { name: string; topic: string; client_id: string }) => this.post<Membership>('/api/rooms', body)
  discover = (q: string) => this.get<{ rooms: RoomPreview[] }>('/api/rooms/discover', { q: q || undefined, limit: 50 })
  joinRoom = (id: string) => this.post<Membership>(`/api/rooms/${id}/join`)
  leaveRoom = (id: string) => this.post<void>(`/api/rooms/${id}/leave`)
  messages = (id: string, range: { before?: number; after?: number; limit: number }) =>
    this.get<Page>(`/api/rooms/${id}/messages`, range)
  members = (id: string) => this.get<{ members: Member[] }>(`/api/rooms/${id}/members`)

  setRole = (roomId: string, accountId: string, role: 'moderator' | 'member') =>
    this.request<Member>('PUT', `/api/rooms/${roomId}/members/${accountId}/role`, { role })

  storage = () => this.get<Storage>('/api/storage')
  discardFile = (id: string) => this.request<void>('DELETE', `/api/files/${id}`)
  fileOpened = (id: string) => this.post<void>(`/api/files/${id}/opened`)

  /** Uploads a file for a message of a room. `moved` hears the part of it that has left, from 0 to 1. */
  upload = (roomId: string, file: File, moved: (part: number) => void, signal: AbortSignal): Promise<SharedFile> =>
    // fetch cannot tell how much has left.
    new Promise((resolve, reject) => {
      const request = new XMLHttpRequest()
      const form = new FormData()
      form.append('file', file)
      const unreachable = () => reject(new Unreachable('the upload got no answer'))
      request.upload.onprogress = ({ loaded, total }) => moved(total ? loaded / total : 0)
      request.onload = () => {
        if (request.status === 201) resolve(JSON.parse(request.responseText) as SharedFile)
        else reject(problem(request.status, request.responseText))
      }
      request.onerror = request.onabort = unreachable
      signal.addEventListener('abort', () => request.abort())
      request.open('POST', `/api/files?${new URLSearchParams({ room_id: roomId })}`)
      request.send(form)
    })

  balance = () => this.get<Balance>('/api/tokens/balance/me')
  history = (cursor?: string) => this.get<Statement>('/api/tokens/history/me', { cursor, limit: 15 })
  explain = (opId: string) => this.get<Explanation>(`/api/tokens/explain/${opId}`)
  streak = () => this.get<Streak>('/api/tokens/streak/me')
  claimDaily = (key: string) => this.post<DailyClaim>('/api/tokens/claim-daily', undefined, key)
  tier = () => this.get<TierStanding>('/api/tokens/tier/me')
  earned = (days: number) => this.get<EarningStats>('/api/tokens/earning-stats/me', { days })
  spent = (days: number) => this.get<SpendingStats>('/api/tokens/spending-stats/me', { days })
  policy = () => this.get<Policy>('/api/economy/policy')
  events = () => this.get<{ events: SeasonalEvent[] }>('/api/economy/events')

  pin = () => this.get<PinState>('/api/pin')
  setPin = (body: { password: string; pin: string }) => this.request<PinState>('PUT', '/api/pin', body)
  giftOptions = () => this.get<GiftOptions>('/api/gifts/options')
  sendGift = (body: GiftRequest, key: string) => this.post<GiftSent>('/api/tokens/gift', body, key)
  gifts = (cursor?: string) => this.get<GiftPage>('/api/gifts', { cursor, limit: 5 })

  goals = () => this.get<{ goals: Goal[] }>('/api/achievements/user/me')
  claimGoal = (id: string, key: string) => this.post<GoalClaim>('/api/achievements/claim', { id }, key)
  leaderboard = (by: Ranking, window: RankingWindow) =>
    this.get<Leaderboard>('/api/leaderboard/tokens', { by, window, limit: 50 })
  showOnLeaderboard = (shown: boolean) => this.request<Leaderboard['me']>('PUT', '/api/leaderboard/me', { shown })

  /** A public JSON document of the server, such as its OpenAPI description. */
  document = (path: string) => this.get<Record<string, unknown>>(path)

  private get<T>(path: string, query: Query = {}): Promise<T> {
    const given = Object.entries(query).flatMap(([key, value]) => (value === undefined ? [] : [[key, String(value)]]))
    return this.request('GET', given.length ? `${path}?${new URLSearchParams(given)}` : path)
  }

  /** `key` names the intent: asked again with it, the server does not do it again. */
  private post<T>(path: string, body?: object, key?: string): Promise<T> {
    return this.request('POST', path, body, key)
  }

  private async request<T>(method: string, path: string, body?: object, key?: string): Promise<T> {
    const headers = new Headers(key ? { 'idempotency-key': key } : {})
    const init: RequestInit = { method, headers, credentials: 'same-origin', signal: AbortSignal.timeout(PATIENCE) }
    if (body) {
      init.body = JSON.stringify(body)
      headers.set('content-type', 'application/json')
    }
    let response: Response
    let text: string
    try {
      response = await this.fetch(path, init)
      text = await response.text()
    } catch (cause) {
      throw new Unreachable(`${method} ${path} got no answer`, { cause })
    }
    if (!response.ok) throw problem(response.status, text)
    return (text ? JSON.parse(text) : undefined) as T
  }
}

/** An error answer as an `ApiError`; anything that is no problem document came from a proxy in between. */
function problem(status: number, text: string): ApiError | Unreachable {
  let document: Record<string, unknown>
  try {
    document = JSON.parse(text) as Record<string, unknown>
  } catch {
    return new Unreachable(`the server answered ${status}`)
  }
  const { code, detail, title, retry_after: retryAfter, errors } = document as {
    code?: string; detail?: string; title?: string; retry_after?: number
    errors?: { pointer: string; message: string }[]
  }
  return new ApiError(code ?? 'internal', detail ?? title ?? '', {
    status,
    numbers: numbersIn(document),
    fields: Object.fromEntries((errors ?? []).map((error) => [error.pointer.replace(/^#?\//, ''), error.message])),
    ...(retryAfter == null ? {} : { retryAfter }),
  })
}
