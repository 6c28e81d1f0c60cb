import { beforeEach, expect, test } from 'vitest'
import { Drafts } from './drafts'
import { Preferences } from './preferences.svelte'

beforeEach(() => localStorage.clear())

test('choices survive a reload and show on the document', () => {
  const preferences = new Preferences(localStorage, ['en-GB'])
  preferences.setTheme('dark')
  preferences.setLocale('th')
  const root = document.createElement('html')
  new Preferences(localStorage, ['en-GB']).show(root)
  expect([root.dataset.theme, root.lang]).toEqual(['dark', 'th'])
  preferences.setTheme('system')
  preferences.show(root)
  expect(root.dataset.theme).toBeUndefined()
})

test('the browser’s language is the first choice, and nonsense is none', () => {
  localStorage.setItem('guildhall.preferences', '{"theme":"pink","locale":')
  expect(new Preferences(localStorage, ['th-TH', 'en']).locale).toBe('th')
  expect(new Preferences(localStorage, ['de']).theme).toBe('system')
})

test('drafts are apart for each account and room', () => {
  const [ada, bo] = [new Drafts('1'), new Drafts('2')]
  ada.set('7', 'half a thought')
  bo.set('7', 'another')
  expect([new Drafts('1').get('7'), ada.get('8')]).toEqual(['half a thought', ''])
  ada.clear()
  expect([ada.get('7'), bo.get('7')]).toEqual(['', 'another'])
})
