import 'fake-indexeddb/auto'
import { expect, test } from 'vitest'
import { Store } from './store'

const unsent = (user: string, body: string) => ({ user, room: '7', clientId: body, body, files: [], at: '2026-11-20T12:00:00.000Z', failed: null })

test('unsent messages keep their order, apart for each account', async () => {
  const store = await Store.open('order')
  for (const [user, body] of [['1', 'a'], ['2', 'b'], ['1', 'c']] as const) await store.keep(unsent(user, body))
  const reopened = await Store.open('order')
  expect((await reopened.unsent('1')).map(({ body }) => body)).toEqual(['a', 'c'])
})

test('forgetting an account leaves the others and what is on its way', async () => {
  const store = await Store.open('forget')
  await store.cache('1', 'rooms', 'mine')
  await store.cache('1', 'timeline.7', 'mine')
  await store.cache('12', 'rooms', 'theirs')
  await store.keep(unsent('1', 'promised'))
  await store.forget('1')
  expect(await store.cached('1', 'rooms')).toBeUndefined()
  expect(await store.cached('1', 'timeline.7')).toBeUndefined()
  expect(await store.cached('12', 'rooms')).toBe('theirs')
  expect(await store.unsent('1')).toHaveLength(1)
})

test('a message that an earlier version kept has no files', async () => {
  const store = await Store.open('earlier')
  const { files: _, ...earlier } = unsent('1', 'kept')
  await store.keep(earlier as Parameters<Store['keep']>[0])
  expect((await store.unsent('1')).map(({ files }) => files)).toEqual([[]])
})
