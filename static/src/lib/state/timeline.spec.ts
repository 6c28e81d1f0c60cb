import { beforeEach, expect, test, vi } from 'vitest'
import { EPOCH, bo, deferred, feedback, joined, me, message, posted, reacted, settle } from '../../testing/samples'
import { Refusal, Unreachable } from '../errors'
import type { Message, Page, RoomSynced } from '../wire'
import { Timeline, type TimelineDoors } from './timeline.svelte'

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, at) => message(from + at))
const page = (messages: Message[], has_more = false): Page => ({ messages, has_more })
const synced = (over: Partial<RoomSynced>): RoomSynced => ({ events: [], upto: 0, limited: false, epoch: EPOCH, ...over })
const seqs = (timeline: Timeline) => timeline.messages.map(({ seq }) => seq)

let doors: { [K in keyof TimelineDoors]: ReturnType<typeof vi.fn<TimelineDoors[K]>> }
let timeline: Timeline

beforeEach(() => {
  doors = {
    page: vi.fn<TimelineDoors['page']>(async () => page(range(8, 10), true)),
    sync: vi.fn<TimelineDoors['sync']>(async () => synced({})),
    cached: vi.fn<TimelineDoors['cached']>(async () => undefined),
    known: vi.fn<TimelineDoors['known']>(),
    epochChanged: vi.fn<TimelineDoors['epochChanged']>(),
    sleep: vi.fn<TimelineDoors['sleep']>(() => new Promise(() => undefined)),
  }
  timeline = new Timeline(me.id, () => EPOCH, doors)
})

const open = (over = {}) => timeline.open({ head: 10, read_seq: 10, unread: 0, ...over })

test('an event that was applied is ignored, the next one is applied', async () => {
  await open()
  timeline.apply(posted(10, { body: 'again' }))
  timeline.apply(posted(11))
  timeline.apply(posted(11))
  expect(seqs(timeline)).toEqual([8, 9, 10, 11])
  expect(doors.sync).not.toHaveBeenCalled()
})

test('events that are no messages take their number too', async () => {
  await open()
  timeline.apply(joined(11))
  timeline.apply(posted(12))
  expect(seqs(timeline)).toEqual([8, 9, 10, 12])
  expect(doors.sync).not.toHaveBeenCalled()
})

test('an event after a hole is held until the hole is filled', async () => {
  const answer = deferred<RoomSynced>()
  doors.sync.mockReturnValueOnce(answer.promise)
  await open()
  timeline.apply(posted(13))
  expect(seqs(timeline)).toEqual([8, 9, 10])
  expect(doors.sync).toHaveBeenCalledExactlyOnceWith(10)
  answer.resolve(synced({ events: [posted(11), posted(12)], upto: 12 }))
  await settle()
  expect(seqs(timeline)).toEqual([8, 9, 10, 11, 12, 13])
})

test('live events that fill the hole by themselves need no answer', async () => {
  doors.sync.mockReturnValueOnce(new Promise(() => undefined))
  await open()
  timeline.apply(posted(12))
  timeline.apply(posted(11))
  expect(seqs(timeline)).toEqual([8, 9, 10, 11, 12])
})

test('after a sync that failed the next event asks again', async () => {
  doors.sync.mockRejectedValueOnce(new Unreachable('gone'))
  await open()
  timeline.apply(posted(12))
  await settle()
  doors.sync.mockResolvedValueOnce(synced({ events: [posted(11), posted(12), posted(13)], upto: 13 }))
  timeline.apply(posted(13))
  await settle()
  expect(seqs(timeline)).toEqual([8, 9, 10, 11, 12, 13])
})

test('a hole too large to fill loads the latest page and goes on from there', async () => {
  await open()
  doors.sync.mockResolvedValueOnce(synced({ limited: true, upto: 900 }))
  doors.page.mockResolvedValueOnce(page(range(898, 900), true))
  await timeline.catchUp(900)
  timeline.apply(posted(901))
  expect(seqs(timeline)).toEqual([898, 899, 900, 901])
})

test('events that come while the page is loading are neither lost nor doubled', async () => {
  const answer = deferred<Page>()
  doors.page.mockReturnValueOnce(answer.promise)
  const opened = open()
  timeline.apply(posted(11))
  timeline.apply(posted(12))
  answer.resolve(page(range(8, 11)))
  await opened
  expect(seqs(timeline)).toEqual([8, 9, 10, 11, 12])
})

test('another epoch asks for a new beginning', async () => {
  await open()
  timeline.apply({ ...posted(11), epoch: 'second' })
  doors.sync.mockResolvedValueOnce(synced({ epoch: 'second' }))
  await timeline.catchUp(12)
  expect(doors.epochChanged).toHaveBeenCalledTimes(2)
  expect(seqs(timeline)).toEqual([8, 9, 10])
})

test('older pages go before what is there', async () => {
  await open()
  doors.page.mockResolvedValueOnce(page(range(5, 7)))
  await timeline.loadOlder()
  expect(doors.page).toHaveBeenLastCalledWith({ before: 8, limit: 50 })
  expect(seqs(timeline)).toEqual([5, 6, 7, 8, 9, 10])
  expect(timeline.hasOlder).toBe(false)
  expect(timeline.prepending).toBe(true)
})

test('unread farther back than the latest page is opened around the first unread', async () => {
  doors.page.mockImplementation(async ({ before, after }) => {
    if (before) return page(range(3, 4), true)
    return after ? page(range(5, 6), true) : page(range(98, 100), true)
  })
  await timeline.open({ head: 100, read_seq: 4, unread: 96 })
  expect(seqs(timeline)).toEqual([3, 4, 5, 6])
  expect(timeline.readBefore).toBe(4)
  timeline.apply(posted(101))
  expect(seqs(timeline)).toEqual([3, 4, 5, 6])
})

test('reaching the end from history joins the live messages without a hole', async () => {
  doors.page.mockImplementation(async ({ before, after }) => {
    if (before) return page([message(4)])
    return after ? page(range(5, 6), true) : page(range(7, 8), true)
  })
  await timeline.open({ head: 8, read_seq: 4, unread: 3 })
  const answer = deferred<Page>()
  doors.page.mockReturnValueOnce(answer.promise)
  const loading = timeline.loadNewer()
  timeline.apply(posted(9))
  answer.resolve(page(range(7, 8)))
  await loading
  timeline.apply(posted(10))
  expect(seqs(timeline)).toEqual([4, 5, 6, 7, 8, 9, 10])
})

test('without a server it shows what was kept', async () => {
  doors.page.mockRejectedValueOnce(new Unreachable('offline'))
  doors.cached.mockResolvedValueOnce({ epoch: EPOCH, last: 4, messages: [message(4)], hasOlder: true })
  await expect(open()).rejects.toThrow(Unreachable)
  expect(await timeline.restore()).toBe(true)
  expect(seqs(timeline)).toEqual([4])
  doors.sync.mockResolvedValueOnce(synced({ events: [posted(5)], upto: 5 }))
  await timeline.catchUp(5)
  expect(seqs(timeline)).toEqual([4, 5])
})

test('what was kept of another history is not shown', async () => {
  doors.page.mockRejectedValueOnce(new Unreachable('offline'))
  doors.cached.mockResolvedValueOnce({ epoch: 'other', last: 4, messages: [message(4)], hasOlder: true })
  await expect(open()).rejects.toThrow(Unreachable)
  expect(await timeline.restore()).toBe(false)
  expect(timeline.status).toBe('failed')
})

test('a head that could not be reached at once is asked for until it is', async () => {
  await open()
  doors.sleep.mockResolvedValue(undefined)
  doors.sync.mockRejectedValueOnce(new Unreachable()).mockRejectedValueOnce(new Unreachable())
  doors.sync.mockResolvedValueOnce(synced({ events: [posted(11)], upto: 11 }))
  await timeline.catchUp(11)
  expect(seqs(timeline)).toEqual([8, 9, 10, 11])
  expect(doors.sleep).toHaveBeenCalledTimes(2)
})

test('a head that comes while catching up is not forgotten', async () => {
  const first = deferred<RoomSynced>()
  await open()
  doors.sync.mockReturnValueOnce(first.promise)
  doors.sync.mockResolvedValueOnce(synced({ events: [posted(12)], upto: 12 }))
  const caughtUp = timeline.catchUp(11)
  void timeline.catchUp(12)
  first.resolve(synced({ events: [posted(11)], upto: 11 }))
  await caughtUp
  expect(seqs(timeline)).toEqual([8, 9, 10, 11, 12])
})

test('a refusal for good ends the asking', async () => {
  await open()
  doors.sync.mockRejectedValue(new Refusal('not_a_member', 'Join the room first'))
  await timeline.catchUp(11)
  expect(doors.sync).toHaveBeenCalledOnce()
})

const thumbs = (timeline: Timeline) => timeline.messages.map((shown) => shown.feedback?.reactions[0]?.count ?? 0)

test('what people think of a message is shown, whether it was there or comes with the event', async () => {
  await open()
  timeline.apply(reacted(11, feedback('m9', 11)))
  timeline.apply(posted(12))
  timeline.apply(reacted(13, feedback('m12', 13)))
  expect(thumbs(timeline)).toEqual([0, 1, 0, 1])
  timeline.apply(reacted(14, feedback('m9', 14, { reactions: [] })))
  expect(thumbs(timeline)).toEqual([0, 0, 0, 1])
})

test('what was missed is found by synchronising, the message and what people think of it together', async () => {
  await open()
  const given = feedback('m11', 12)
  doors.sync.mockResolvedValueOnce(synced({ events: [posted(11, { feedback: given }), reacted(12, given)], upto: 12 }))
  await timeline.catchUp(12)
  expect(thumbs(timeline)).toEqual([0, 0, 0, 1])
})

test('an older page that was read before an event does not undo it', async () => {
  await open()
  const answer = deferred<Page>()
  doors.page.mockReturnValueOnce(answer.promise)
  const loading = timeline.loadOlder()
  timeline.apply(reacted(11, feedback('m6', 11, { choice: { user_id: bo.id, emojis: ['👍'], helpful: false } })))
  const mine = { user_id: me.id, emojis: ['🎉'], helpful: false }
  answer.resolve(page([message(6, { feedback: feedback('m6', 5, { reactions: [], choice: mine }) }), message(7)]))
  await loading
  expect(thumbs(timeline)).toEqual([1, 0, 0, 0, 0])
  expect(timeline.messages[0]?.feedback?.choice).toEqual(mine)
})

test('another history forgets what events told in this one', async () => {
  await open()
  timeline.apply(reacted(11, feedback('m6', 11)))
  timeline.reset()
  await open()
  doors.page.mockResolvedValueOnce(page([message(6), message(7)]))
  await timeline.loadOlder()
  expect(thumbs(timeline)).toEqual([0, 0, 0, 0, 0])
})
