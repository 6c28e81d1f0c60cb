import { afterEach, beforeEach, expect, test } from 'vitest'
import { steer } from './steering'

beforeEach(() => {
  document.body.innerHTML = `<div role="log">
    <article><button id="a1" data-control></button><button id="a2" data-control></button></article>
    <article><p>on its way, nothing to do here</p></article>
    <article><a href="/" id="link">link</a><button data-control disabled></button><button id="c1" data-control></button></article>
  </div>`
  document.body.addEventListener('keydown', steer)
})

afterEach(() => {
  document.body.removeEventListener('keydown', steer)
  document.body.innerHTML = ''
})

function press(id: string, key: string): { at: string; taken: boolean } {
  const from = document.getElementById(id)
  from?.focus()
  const event = new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true })
  from?.dispatchEvent(event)
  return { at: document.activeElement?.id ?? '', taken: event.defaultPrevented }
}

test('left and right go along a message and stop at its ends', () => {
  expect(press('a1', 'ArrowRight').at).toBe('a2')
  expect(press('a2', 'ArrowLeft').at).toBe('a1')
  expect(press('a2', 'ArrowRight').at).toBe('a2')
})

test('up and down go to the next message with something to do, and stop at the ends', () => {
  expect(press('a2', 'ArrowDown').at).toBe('c1')
  expect(press('c1', 'ArrowUp').at).toBe('a1')
  expect(press('a1', 'ArrowUp').at).toBe('a1')
})

test('other keys and other elements are left alone', () => {
  expect(press('a1', 'Enter')).toEqual({ at: 'a1', taken: false })
  expect(press('link', 'ArrowDown')).toEqual({ at: 'link', taken: false })
})
