import { expect, test } from 'vitest'
import { bo, feedback, me, message } from '../testing/samples'
import { laidOver, ownChoice, withFeedback } from './feedback'

const mine = { user_id: me.id, emojis: ['👍'], helpful: false }
const theirs = { user_id: bo.id, emojis: ['👍'], helpful: true }

test('what one chose oneself is kept through what others do', () => {
  const known = feedback('m1', 11, { choice: mine })
  const after = laidOver(known, feedback('m1', 12, { choice: theirs }), me.id)
  expect(after.seq).toBe(12)
  expect(ownChoice(after, me.id)).toEqual(mine)
})

test('what one does on another device is one’s own', () => {
  const after = laidOver(feedback('m1', 11, { choice: mine }), feedback('m1', 12, { choice: { ...mine, emojis: [] } }), me.id)
  expect(ownChoice(after, me.id).emojis).toEqual([])
})

test('what others chose is not one’s own', () => {
  expect(ownChoice(laidOver(null, feedback('m1', 11, { choice: theirs }), me.id), me.id)).toEqual({ emojis: [], helpful: false })
  expect(ownChoice(null, me.id).emojis).toEqual([])
})

test('a page that was read before an event does not undo it, and says what one chose before', () => {
  const page = message(1, { id: 'm1', feedback: feedback('m1', 11, { choice: mine }) })
  const after = withFeedback(page, feedback('m1', 12, { choice: theirs }), me.id)
  expect(after.feedback?.seq).toBe(12)
  expect(ownChoice(after.feedback, me.id)).toEqual(mine)
})

test('a page that was read after an event stays as it is', () => {
  const page = message(1, { id: 'm1', feedback: feedback('m1', 13) })
  expect(withFeedback(page, feedback('m1', 12), me.id)).toBe(page)
  expect(withFeedback(page, undefined, me.id)).toBe(page)
})
