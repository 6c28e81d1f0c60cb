/**
 * The names the client uses for the server's shapes, and the typed maps of socket commands and pushes.
 * The shapes themselves come from the committed API documents (`npm run types`).
 */
import type { components as Events } from './events'
import type { components as Http } from './http'

type HttpSchemas = Http['schemas']
type EventSchemas = Events['schemas']

export type User = HttpSchemas['User']
export type SignedIn = HttpSchemas['SignedIn']
export type AuthOptions = HttpSchemas['SignInOptions']
export type Session = HttpSchemas['Session']
export type Invite = HttpSchemas['InviteMade']
export type Author = HttpSchemas['Author']
export type Message = HttpSchemas['Message']
export type Feedback = HttpSchemas['Feedback']
export type Choice = HttpSchemas['Choice']
export type Card = HttpSchemas['GiftCard']
/** What a message shows of a file; the browser has another thing by the name of File. */
export type SharedFile = HttpSchemas['File']
export type Storage = HttpSchemas['Storage']
export type Page = HttpSchemas['Page']
export type Room = EventSchemas['Room']
export type Membership = HttpSchemas['Membership']
export type RoomPreview = HttpSchemas['DiscoveredRoom']
export type Member = HttpSchemas['Member']
export type MemberRole = Membership['role']
export type Balance = HttpSchemas['Balance']
export type Entry = HttpSchemas['Entry']
export type Statement = HttpSchemas['Statement']
export type Explanation = HttpSchemas['Explanation']
export type Streak = HttpSchemas['Streak']
export type DailyClaim = HttpSchemas['DailyClaim']
export type TierRule = HttpSchemas['TierRule']
export type TierStanding = HttpSchemas['TierStanding']
export type Policy = HttpSchemas['Policy']
export type RewardRule = HttpSchemas['Reward']
export type SeasonalEvent = HttpSchemas['Event']
export type Goal = HttpSchemas['Progress']
export type GoalClaim = HttpSchemas['GoalClaimed']
export type Leaderboard = HttpSchemas['Board']
export type Place = HttpSchemas['Place']
export type EarningStats = HttpSchemas['EarningStats']
export type SpendingStats = HttpSchemas['SpendingStats']
export type PinState = HttpSchemas['PinStatus']
export type GiftOptions = HttpSchemas['GiftOptions']
export type GiftRequest = HttpSchemas['Giving']
export type Gift = HttpSchemas['Gift']
export type GiftSent = HttpSchemas['GiftGiven']
export type GiftPage = HttpSchemas['Gifts']
export type EventKind = SeasonalEvent['kind']
export type GoalWindow = Goal['window']
export type Ranking = Leaderboard['by']
export type RankingWindow = Leaderboard['window']
export type TierBasis = TierStanding['basis']
export type DayAmount = HttpSchemas['Point']

/** An event carries what its kind is about; the document, which has one flat shape, cannot say so. */
export type RoomEvent = Omit<EventSchemas['RoomEvent'], 'kind' | 'message' | 'feedback' | 'member' | 'room'> &
  (
    | { kind: 'message.posted'; message: Message }
    | { kind: 'reaction.changed' | 'helpful.changed'; feedback: Feedback }
    | { kind: 'member.changed'; member: Member; room: Room }
    | { kind: 'room.changed'; room: Room }
  )

export type Refused = EventSchemas['Refused']
type Answer<Name extends keyof EventSchemas> = Omit<EventSchemas[Name], 'ok'>
export type RoomOpened = Answer<'RoomOpened'>
export type RoomSynced = Omit<Answer<'RoomSynced'>, 'events'> & { events: RoomEvent[] }
export type MessageSent = Answer<'MessageSent'>
export type ReadChanged = EventSchemas['ReadChanged']
export type TypingChanged = EventSchemas['TypingChanged']
export type RoomsHeads = EventSchemas['RoomsHeads']
export type RewardGranted = EventSchemas['RewardGranted']
export type TierChanged = EventSchemas['TierChanged']

/** Command name -> [payload, answer without `ok`]. */
export interface Commands {
  'room.open': [EventSchemas['RoomOpen'], RoomOpened]
  'room.close': [EventSchemas['RoomClose'], object]
  'room.sync': [EventSchemas['RoomSync'], RoomSynced]
  'message.send': [EventSchemas['MessageSend'], MessageSent]
  'reaction.set': [EventSchemas['ReactionSet'], Answer<'FeedbackGiven'>]
  'helpful.set': [EventSchemas['HelpfulSet'], Answer<'FeedbackGiven'>]
  'read.set': [EventSchemas['ReadSet'], Answer<'ReadMoved'>]
  'typing.set': [EventSchemas['TypingSet'], object]
}

/** Push name -> payload. */
export interface Pushes {
  'room.event': RoomEvent
  'rooms.heads': RoomsHeads
  'read.changed': ReadChanged
  'typing.changed': TypingChanged
  'wallet.changed': Balance
  'reward.granted': RewardGranted
  'tier.changed': TierChanged
  'gift.received': EventSchemas['GiftReceived']
  'session.revoked': EventSchemas['SessionRevoked']
}
