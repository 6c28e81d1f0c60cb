import { expect, test } from 'vitest'
import { segments } from './links'

const links = (text: string) => segments(text).flatMap((part) => (part.kind === 'link' ? [part.href] : []))

test.each([
  ['see https://example.org/a?b=1#c now', ['https://example.org/a?b=1#c']],
  ['(https://example.org/a_(b)).', ['https://example.org/a_(b)']],
  ['http://one.example, https://two.example!', ['http://one.example/', 'https://two.example/']],
  ['ดูที่ https://example.org/ไทย นะ', ['https://example.org/%E0%B9%84%E0%B8%97%E0%B8%A2']],
  ['HTTPS://EXAMPLE.ORG', ['https://example.org/']],
])('%s', (text, expected) => {
  expect(links(text)).toEqual(expected)
})

test.each(['javascript:alert(1)', 'data:text/html,x', 'ftp://example.org', 'xhttps://', '<script>alert(1)</script>', ''])(
  '%s is no link',
  (text) => {
    expect(links(text)).toEqual([])
  },
)

test('no character is lost or added', () => {
  const text = '<b>https://a.example</b>, (http://b.example/) \n https://… end'
  expect(segments(text).map((part) => part.text).join('')).toBe(text)
})
