import { beforeEach, expect, test, vi } from 'vitest'
import { bo } from '../../testing/samples'
import type { GiftOptions, GiftRequest, GiftSent } from '../wire'
import { Refusal, Unreachable } from '../errors'
import { Offer } from './offer.svelte'

const options = (over: Partial<GiftOptions> = {}): GiftOptions => ({
  minimum: '1', daily_limit: '50', sent_today: '10', left_today: '40', gifts_left_today: 9, balance_giftable: '30',
  pin: { set: true, tries_left: 5, locked_until: null }, ...over,
})
const receipt = { op_id: '9', balance: '5' } as GiftSent
const refused = (code: string, over: Refusal['options'] = {}) => new Refusal(code, '', { status: 409, ...over })
const giftOptions = vi.fn(async () => options())
const sendGift = vi.fn(async (_body: GiftRequest, _key: string) => receipt)
const sent = vi.fn()
let keys = 0

function make(intent: ConstructorParameters<typeof Offer>[0] = { recipient: bo }) {
  return new Offer(intent, { giftOptions, sendGift, newId: () => `key${(keys += 1)}`, sent })
}

async function ready(amount = '25', pin = '4711') {
  const offer = make()
  await offer.load()
  Object.assign(offer, { amount, pin })
  return offer
}

const usedKeys = () => sendGift.mock.calls.map(([, key]) => key)

beforeEach(() => {
  keys = 0
  vi.clearAllMocks()
  giftOptions.mockImplementation(async () => options())
  sendGift.mockImplementation(async () => receipt)
})

test('a gift goes once, with its note and its room, and the PIN is forgotten', async () => {
  const offer = make({ recipient: bo, room: { id: '7', name: 'Bookbinding' } })
  await offer.load()
  Object.assign(offer, { amount: ' 12.5 ', note: ' thanks ', pin: '4711' })
  await offer.send()
  const body = { recipient_id: bo.id, amount: '12.5', pin: '4711', note: 'thanks', room_id: '7' }
  expect(sendGift).toHaveBeenCalledExactlyOnceWith(body, 'key1')
  expect(offer.receipt).toEqual(receipt)
  expect(sent).toHaveBeenCalledExactlyOnceWith(receipt)
  expect(offer.pin).toBe('')
})

test.each([
  ['', 'amount'],
  ['1e3', 'digits'],
  ['0', 'digits'],
  ['1.1234567', 'digits'],
  ['0.5', 'minimum'],
  ['30.000001', 'balance'],
  ['30', null],
])('an amount of %j meets %j', async (amount, obstacle) => {
  expect((await ready(amount)).obstacle).toBe(obstacle)
})

test.each<[Partial<GiftOptions>, string | null]>([
  [{ left_today: '24' }, 'limit'],
  [{ left_today: null }, null],
  [{ gifts_left_today: 0 }, 'count'],
  [{ pin: { set: true, tries_left: 0, locked_until: '2026-11-20T12:15:00.000Z' } }, 'locked'],
])('with %j it meets %j', async (over, obstacle) => {
  giftOptions.mockImplementation(async () => options(over))
  const offer = await ready()
  expect(offer.obstacle).toBe(obstacle)
  await offer.send()
  expect(sendGift).toHaveBeenCalledTimes(obstacle ? 0 : 1)
})

test('it needs a recipient and four digits, and says what remains to the last digit', async () => {
  const nobody = make({})
  expect(nobody.obstacle).toBe('recipient')
  const offer = await ready('0.1', '471')
  expect(offer.obstacle).toBe('minimum')
  offer.amount = '29.9'
  expect(offer.obstacle).toBe('pin')
  expect(offer.after).toBe('0.1')
})

test('a wrong PIN keeps the intent, and asks how many tries are left', async () => {
  const offer = await ready()
  sendGift.mockRejectedValueOnce(refused('pin_wrong', { status: 403, numbers: { tries_left: 4 } }))
  giftOptions.mockImplementation(async () => options({ pin: { set: true, tries_left: 4, locked_until: null } }))
  await offer.send()
  expect(offer.failure).toMatchObject({ code: 'pin_wrong' })
  expect(offer.options?.pin.tries_left).toBe(4)
  expect(offer.pin).toBe('')
  offer.pin = '4711'
  await offer.send()
  expect(usedKeys()).toEqual(['key1', 'key1'])
})

test('without an answer only the very same gift can be tried again, whatever the limits say by then', async () => {
  const offer = await ready()
  sendGift.mockRejectedValueOnce(new Unreachable())
  await offer.send()
  expect(offer.unsure).toBe(true)
  giftOptions.mockImplementation(async () => options({ balance_giftable: '5', left_today: '15', gifts_left_today: 0 }))
  await offer.load()
  offer.pin = '4711'
  expect(offer.obstacle).toBeNull()
  await offer.send()
  expect(usedKeys()).toEqual(['key1', 'key1'])
  expect(offer.unsure).toBe(false)
  expect(offer.receipt).toEqual(receipt)
})

test('a wrong PIN on the second try does not make the first one known', async () => {
  const offer = await ready()
  sendGift.mockRejectedValueOnce(new Unreachable()).mockRejectedValueOnce(refused('pin_wrong', { status: 403 }))
  await offer.send()
  offer.pin = '1111'
  await offer.send()
  expect(offer.unsure).toBe(true)
  offer.pin = '4711'
  await offer.send()
  expect(usedKeys()).toEqual(['key1', 'key1', 'key1'])
})

test('once the server has decided against it, the next gift is another', async () => {
  const offer = await ready()
  sendGift.mockRejectedValueOnce(refused('gift_limit'))
  await offer.send()
  Object.assign(offer, { amount: '5', pin: '4711' })
  await offer.send()
  expect(usedKeys()).toEqual(['key1', 'key2'])
})

test('being too fast or a broken server decides nothing', async () => {
  const offer = await ready()
  sendGift.mockRejectedValueOnce(refused('rate_limited', { status: 429, retryAfter: 3 }))
  await offer.send()
  expect(offer.unsure).toBe(false)
  offer.pin = '4711'
  sendGift.mockRejectedValueOnce(refused('internal', { status: 500 }))
  await offer.send()
  expect(offer.unsure).toBe(true)
  offer.pin = '4711'
  await offer.send()
  expect(usedKeys()).toEqual(['key1', 'key1', 'key1'])
})

test('options that cannot be loaded are told', async () => {
  giftOptions.mockRejectedValueOnce(new Unreachable())
  const offer = make()
  await offer.load()
  expect(offer.failure).toBeInstanceOf(Unreachable)
})
